"""Webhooks outside the scope, as the owner reads it: never False, and of the scope of now only."""

import pytest

from noctuary.models.integration_spec import IntegrationSpec, parse_spec
from noctuary.models.reports import IntegrationReport, OutsideScope
from noctuary.models.routing_record import RoutingRecord, Scope, TokenHash
from noctuary_operator.plan.conditions import Outcome, status_of
from noctuary_operator.plan.desired import Desired
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.status import Condition, IntegrationStatus, TokenStatus

RECORD = RoutingRecord(
    "uid",
    "team",
    "p",
    0.0,
    1,
    "inbound",
    "https://api.pagerduty.com",
    tokens=[TokenHash("hash", 1)],
    scope=Scope("service", "PNOPE99"),
)
REPORT = IntegrationReport(
    "uid",
    proven_token_sha256="hash",
    outside_scope=OutsideScope("service PNOPE99", 3, 0.0, 60.0, "service PABC123"),
)


def spec_of(scope_id: str) -> IntegrationSpec:
    subscription = {
        "management": "Manual",
        "scope": {"type": "service", "id": scope_id},
        "signingSecretRef": {"name": "s", "key": "k"},
    }
    webhook = {"host": "hooks.example.com", "route": {"type": "None"}, "subscription": subscription}
    return parse_spec({"direction": "inbound", "webhook": webhook})


def said(
    report: IntegrationReport | None, scope_id: str = "PNOPE99", before: dict[str, Condition] | None = None
) -> dict[str, Condition]:
    token = TokenStatus(serial=1, observed_rotate_request=None, rotated_at="", previous_expires_at=None)
    status = IntegrationStatus(conditions=list((before or {}).values()), token=token)
    integration = Integration("uid", "team", "p", 1, 0.0, 1, False, spec_of(scope_id), None, status)
    observed = Observed(integration, 0.0, "uid", record=RECORD, signing_secret=Lookup("s"), report=report)
    backend = Backend("noctuary", "noctuary-receiver", 8080)
    made = status_of(observed, spec_of(scope_id), Desired(RECORD, {}), Outcome(), backend)
    return {each.type: each for each in made.conditions}


def test_what_came_from_outside_is_told_with_its_count_and_both_ids_and_is_never_false() -> None:
    found = said(REPORT)
    for each in (found["Ready"], found["SubscriptionReady"]):
        assert (each.status, each.reason) == ("True", "OutsideScope")
        assert "3 signed webhooks came since 1970-01-01T00:00:00Z" in each.message
        assert "of service PABC123, and none was of service PNOPE99" in each.message


@pytest.mark.parametrize(("scope_id", "reason"), [("PNOPE99", "OutsideScope"), ("PABC123", "Active")])
@pytest.mark.parametrize("report", [REPORT, None], ids=["reported", "not yet reported"])
def test_it_is_told_of_its_scope_only(report: IntegrationReport | None, scope_id: str, reason: str) -> None:
    found = said(report, scope_id, said(REPORT))
    assert {each: found[each].reason for each in ("Ready", "SubscriptionReady")} == {
        "Ready": reason,
        "SubscriptionReady": reason,
    }
