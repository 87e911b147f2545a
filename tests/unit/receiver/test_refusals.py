"""When PagerDuty's refusal of an integration's credentials stands, and what ends it."""

import msgspec
import pytest

from noctuary.common import clock
from noctuary.models.routing_record import RoutingRecord
from noctuary.store.interface import IntegrationState
from webhook_receiver.refusals import Refusals

Numbers = tuple[int, int]
"""HTTP status and PagerDuty's own code of a failure."""
TOKEN, RIGHT, FROM, OTHER = (401, 2006), (403, 2010), (400, 1028), (0, 0)
FAILED_AT, LATER, EARLIER = 100.0, 101.0, 99.0


def failed(numbers: Numbers) -> IntegrationState:
    status, code = numbers
    return IntegrationState(
        id="one",
        last_failure_at=FAILED_AT,
        last_failure_reason="as PagerDuty said",
        last_failure_status=status,
        last_failure_code=code,
    )


@pytest.mark.parametrize(
    ("numbers", "well", "of"),
    [
        (TOKEN, {}, "token"),
        (RIGHT, {}, "token"),
        (FROM, {}, "from"),
        ((404, 2100), {}, None),
        ((400, 2001), {}, None),
        (OTHER, {}, None),
        (TOKEN, {"compared_until": EARLIER, "last_note_at": EARLIER}, "token"),
        (TOKEN, {"compared_until": LATER}, None),
        (RIGHT, {"compared_until": LATER}, "token"),
        (RIGHT, {"last_note_at": LATER}, None),
        (FROM, {"last_note_at": LATER}, None),
    ],
)
def test_a_refusal_stands_until_what_was_refused_went_well(
    numbers: Numbers, well: dict[str, float], of: str | None
) -> None:
    refusal = Refusals().current(msgspec.structs.replace(failed(numbers), **well))
    assert (refusal.of if refusal is not None else None) == of


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is loaded now is loaded after the failure."""
    monkeypatch.setattr(clock, "now", lambda: LATER)


def refused(**changes: str) -> bool:
    refusals = Refusals()
    record = RoutingRecord("one", "team", "payments", 0.0, 1, "bidirectional", "https://api.pagerduty.com")
    first = msgspec.structs.replace(record, api_token="old", from_email="old@example.com")
    for each in (first, msgspec.structs.replace(first, **changes)):
        refusals.credentials_loaded("one", each)
    return refusals.current(failed(TOKEN)) is not None


@pytest.mark.parametrize(
    ("changes", "stands"),
    [
        ({}, True),
        ({"name": "new"}, True),
        ({"api_token": "new"}, False),
        ({"from_email": "new@example.com"}, False),
    ],
)
def test_other_credentials_end_a_refusal_at_once(changes: dict[str, str], stands: bool) -> None:
    assert refused(**changes) is stands
