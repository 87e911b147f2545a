"""What came and could not be used is shown with its count, and takes nothing away from Ready."""

import pytest

from noctuary.models.integration_spec import parse_spec
from noctuary.models.payload_kinds import BY_KIND, UNSIGNED
from noctuary.models.reports import IntegrationReport, QuotaReport, UnreadReport
from noctuary.models.routing_record import RoutingRecord, TokenHash
from noctuary_operator.plan.conditions import Outcome, status_of
from noctuary_operator.plan.desired import Desired
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.status import Condition, IntegrationStatus

FIELDS = {
    "direction": "inbound",
    "webhook": {
        "host": "hooks.example.com",
        "route": {"type": "None"},
        "subscription": {
            "management": "Manual",
            "scope": {"type": "service", "id": "P1"},
            "signingSecretRef": {"name": "s", "key": "k"},
        },
    },
}
RECORD = RoutingRecord(
    "uid", "team", "p", 0.0, 1, "inbound", "https://api.pagerduty.com", tokens=[TokenHash("hash", 1)]
)
KINDS = [*BY_KIND, UNSIGNED]


def said(
    report: IntegrationReport | None, before: IntegrationStatus | None = None, *, suspend: bool = False
) -> dict[str, Condition]:
    spec = parse_spec(FIELDS | {"suspend": suspend})
    integration = Integration("uid", "team", "p", 1, 0.0, 1, False, spec, None, before or IntegrationStatus())
    observed = Observed(integration, 0.0, "uid", signing_secret=Lookup("s"), report=report)
    made = status_of(observed, spec, Desired(RECORD, {}), Outcome(), Backend("noctuary", "noctuary-receiver", 8080))
    return {each.type: each for each in made.conditions}


def reported(where: str, kind: str, proven: str | None = None) -> IntegrationReport:
    return IntegrationReport("uid", proven_token_sha256=proven, unread=[UnreadReport(where, kind, 12, 0.0, 60.0)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("proven", [None, "hash"])
@pytest.mark.parametrize("where", ["webhook_url", "events"])
def test_what_another_system_sends_is_shown_with_its_count_and_never_false(
    where: str, proven: str | None, kind: str
) -> None:
    found = said(reported(where, kind, proven))
    ready = found["Ready"]
    assert (ready.status, ready.reason) == ("True", "ForeignPayloads")
    assert "12 times since 1970-01-01T00:00:00Z" in ready.message
    assert {each.status for each in found.values()} == {"True"}
    assert ("12 times" in found["SubscriptionReady"].message) == (where == "webhook_url")


def test_before_the_first_webhook_the_subscription_says_it_too() -> None:
    reasons = [
        said(reported("webhook_url", "alertmanager", proven))["SubscriptionReady"].reason for proven in (None, "hash")
    ]
    assert reasons == ["ForeignPayloads", "Active"]


@pytest.mark.parametrize(("where", "kind"), [("webhook_url", "unreadable"), ("answers", "left_out")])
def test_what_pagerduty_sent_and_nobody_could_read_is_told(where: str, kind: str) -> None:
    ready = said(reported(where, kind))["Ready"]
    assert (ready.status, ready.reason, "12 times" in ready.message) == ("True", "ItemsLeftOut", True)


@pytest.mark.parametrize("proven", [None, "hash"])
def test_it_stays_until_the_receiver_has_reported_and_ends_with_its_report(proven: str | None) -> None:
    first = said(reported("webhook_url", "alertmanager", proven))
    before = IntegrationStatus(conditions=list(first.values()))
    kept = said(None, before)
    assert kept["Ready"].message == first["Ready"].message
    assert said(IntegrationReport("uid"), before)["Ready"].reason == "AwaitingFirstWebhook"


@pytest.mark.parametrize("suspend", [True, False])
def test_a_quota_is_told_of_a_suspended_integration_too_whose_webhooks_wait(suspend: bool) -> None:
    ready = said(IntegrationReport("uid", quota=QuotaReport("waiting_webhooks", 10_000)), suspend=suspend)["Ready"]
    assert (ready.status, ready.reason) == ("True", "QuotaReached")
    assert ready.message.startswith("this integration reached its fixed limit of waiting webhooks of 10000: webhooks")
