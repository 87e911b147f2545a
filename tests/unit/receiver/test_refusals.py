"""When PagerDuty's refusal of an integration's credentials stands, and what ends it."""

import httpx
import msgspec
import pytest

from noctuary.common.errors import PagerDutyError
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.answers import fixable_status, is_fixable, raise_for
from noctuary.store.interface import IntegrationState
from webhook_receiver.refusals import Refusals

TOKEN, RIGHT, FROM = "PagerDuty answered 401", "PagerDuty answered 403", "PagerDuty answered 400 (code 1028)"
FAILED_AT, LATER, EARLIER = 100.0, 101.0, 99.0


@pytest.mark.parametrize(
    ("status", "code"), [(401, 2006), (403, 2010), (400, 1008), (400, 2001), (402, 2012), (404, 2100)]
)
def test_the_stored_text_of_an_error_tells_as_much_as_the_error(status: int, code: int) -> None:
    answer = httpx.Response(status, json={"error": {"message": "No", "code": code}})
    with pytest.raises(PagerDutyError) as raised:
        raise_for(answer, writes=True, pause_s=0)
    assert fixable_status(str(raised.value)) == (status if is_fixable(raised.value) else None)


@pytest.mark.parametrize(
    ("reason", "well", "of"),
    [
        (TOKEN, {}, "token"),
        (RIGHT, {}, "token"),
        (FROM, {}, "from"),
        ("PagerDuty answered 404", {}, None),
        ("the answer was lost", {}, None),
        (TOKEN, {"compared_until": EARLIER, "last_note_at": EARLIER}, "token"),
        (TOKEN, {"compared_until": LATER}, None),
        (RIGHT, {"compared_until": LATER}, "token"),
        (RIGHT, {"last_note_at": LATER}, None),
        (FROM, {"last_note_at": LATER}, None),
    ],
)
def test_a_refusal_stands_until_what_was_refused_went_well(reason: str, well: dict[str, float], of: str | None) -> None:
    facts = IntegrationState(id="one", last_failure_at=FAILED_AT, last_failure_reason=reason)
    refusal = Refusals(lambda: LATER).standing(msgspec.structs.replace(facts, **well))
    assert (refusal.of if refusal is not None else None) == of


def refused(**changes: str) -> bool:
    refusals = Refusals(lambda: LATER)
    record = RoutingRecord("one", "team", "payments", 0.0, 1, "bidirectional", "https://api.pagerduty.com")
    first = msgspec.structs.replace(record, api_token="old", from_email="old@example.com")
    for each in (first, msgspec.structs.replace(first, **changes)):
        refusals.note("one", each)
    facts = IntegrationState(id="one", last_failure_at=FAILED_AT, last_failure_reason=TOKEN)
    return refusals.standing(facts) is not None


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
