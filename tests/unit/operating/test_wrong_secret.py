"""What the receiver reports of a signing secret that signs nothing, as the owner reads it."""

from typing import Any

import msgspec
import pytest

from noctuary.models.integration_spec import parse_spec
from noctuary.models.reports import IntegrationReport, WrongSecret
from noctuary.models.routing_record import RoutingRecord, SigningSecret, hash_secret
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.plan.subscription import subscription_state
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.status import Condition, IntegrationStatus

REF = {"name": "signing", "key": "secret"}
SPEC = parse_spec(
    {
        "direction": "inbound",
        "webhook": {
            "host": "noctuary.example.com",
            "route": {"type": "None"},
            "subscription": {"management": "Manual", "scope": {"type": "account"}, "signingSecretRef": REF},
        },
    }
)
RECORD = RoutingRecord("uid", "team", "payments", 0.0, 1, "inbound", "https://api.pagerduty.com")
WRONG = Condition("SubscriptionReady", "False", "SigningSecretWrong", "3 webhooks came")


def report_of(secret: str, count: int = 3) -> IntegrationReport:
    return IntegrationReport("uid", wrong_secret=WrongSecret(hash_secret(secret), count, 0.0, 60.0))


def said(value: str, before: list[Condition] | None = None, **seen: Any) -> tuple[str, str]:
    status = IntegrationStatus(conditions=before or [])
    integration = Integration("uid", "team", "payments", 1, 0.0, 1, False, SPEC, None, status)
    found = subscription_state(
        Observed(integration, 0.0, "uid", signing_secret=Lookup(value), **seen), SPEC, proven=True
    )
    assert found is not None
    return found[1], found[2]


@pytest.mark.parametrize(
    ("value", "count", "words"),
    [
        ("wrong", 1, "1 webhook came since 1970-01-01T00:00:00Z that this secret did not sign"),
        ("wrong", 3, "3 webhooks came, repeats included, since"),
        ('"wrong"', 3, "key secret of Secret signing begins and ends with a quotation mark"),
    ],
)
def test_it_is_told_how_many_webhooks_came_and_what_mends_it(value: str, count: int, words: str) -> None:
    reason, message = said(value, report=report_of(value, count))
    assert reason == "SigningSecretWrong"
    assert words in message


def test_what_is_reported_of_the_secret_before_is_not_told_of_its_successor() -> None:
    assert said("replaced", [WRONG], report=report_of("wrong"))[0] == "Active"


@pytest.mark.parametrize(("value", "reason"), [("wrong", "SigningSecretWrong"), ("replaced", "Active")])
def test_until_the_receiver_has_reported_it_stays_with_its_secret(value: str, reason: str) -> None:
    record = msgspec.structs.replace(RECORD, signing_secrets=[SigningSecret("wrong")])
    assert said(value, [WRONG], report=None, record=record)[0] == reason
