"""An integration whose notes another one writes says so, and names the other only to whom it may be named."""

from typing import Any

import pytest

from noctuary.models.integration_spec import parse_spec
from noctuary.models.reports import Displaced, IntegrationReport, Refusal
from noctuary.models.routing_record import RoutingRecord
from noctuary_operator.plan.conditions import Outcome, status_of
from noctuary_operator.plan.desired import Desired
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.status import Condition, IntegrationStatus

SPEC = parse_spec({"direction": "outbound", "apiTokenSecretRef": {"name": "api", "key": "token"}})
RECORD = RoutingRecord("uid", "team", "payments", 0.0, 1, "outbound", "https://api.pagerduty.com")
BY_ANOTHER = IntegrationReport("uid", displaced=Displaced("other", "Q1", 5.0))


def outbound(before: IntegrationStatus | None = None, **seen: Any) -> Condition:
    status = before or IntegrationStatus()
    integration = Integration("uid", "team", "payments", 1, 0.0, 1, False, SPEC, None, status)
    observed = Observed(integration, 0.0, "uid", api_token=Lookup("t"), **seen)
    made = status_of(observed, SPEC, Desired(RECORD, {}), Outcome(), Backend("noctuary", "noctuary-receiver", 8080))
    found = made.condition("OutboundReady")
    assert found is not None
    return found


@pytest.mark.parametrize("who", ["team/api-team", "another integration"])
def test_the_displaced_one_is_ready_and_says_who_writes(who: str) -> None:
    said = outbound(report=BY_ANOTHER, displacer=who)
    assert (said.status, said.reason) == ("True", "NotesByAnother")
    assert f"notes are written by {who}:" in said.message


def test_a_refusal_counts_more() -> None:
    report = IntegrationReport("uid", refusal=Refusal("token", "No"), displaced=Displaced("other", "Q1", 5.0))
    assert outbound(report=report, displacer="team/x").reason == "ApiTokenRefused"


def test_it_stays_until_the_receiver_has_reported_and_ends_with_its_report() -> None:
    said = outbound(report=BY_ANOTHER, displacer="team/x")
    before = IntegrationStatus(conditions=[said])
    assert outbound(before, report=None).reason == "NotesByAnother"
    assert outbound(before, report=IntegrationReport("uid")).reason == "ApiTokenLoaded"
