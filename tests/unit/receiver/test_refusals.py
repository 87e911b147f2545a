"""When PagerDuty's refusal of an integration's credentials holds, and what ends it."""

from pathlib import Path

import msgspec
import pytest

from noctuary.common.errors import PagerDutyError
from noctuary.incidents.failures import failure_state
from noctuary.incidents.trust.refusals import Refusals
from noctuary.models.reports import Refusal
from noctuary.models.routing_record import RoutingRecord
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.rows import IntegrationState
from noctuary.store.sqlite.store import SqliteStore

Numbers = tuple[int, int]
"""HTTP status and PagerDuty's own code of a failure."""
TOKEN, RIGHT, FROM, OTHER = (401, 2006), (403, 2010), (400, 1028), (0, 0)
NOTES = (401, 1)
ELSEWHERE = (404, 1)
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
        (NOTES, {"compared_until": LATER}, "token"),
        (NOTES, {"last_note_at": LATER}, None),
        (RIGHT, {"compared_until": LATER}, "token"),
        (RIGHT, {"last_note_at": LATER}, None),
        (FROM, {"last_note_at": LATER}, None),
        (ELSEWHERE, {}, "url"),
        (ELSEWHERE, {"compared_until": LATER}, None),
    ],
)
def test_a_refusal_holds_until_what_was_refused_went_well(
    numbers: Numbers, well: dict[str, float], of: str | None
) -> None:
    refusal = Refusals().current(msgspec.structs.replace(failed(numbers), **well))
    assert (refusal.of if refusal is not None else None) == of


def refused(**changes: str) -> bool:
    refusals = Refusals()
    record = RoutingRecord("one", "team", "payments", 0.0, 1, "bidirectional", "https://api.pagerduty.com")
    first = msgspec.structs.replace(record, api_token="old", from_email="old@example.com")
    for each in (first, msgspec.structs.replace(first, **changes)):
        refusals.credentials_loaded("one", each, LATER)
    return refusals.current(failed(TOKEN)) is not None


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"name": "new"}, True),
        ({"api_token": "new"}, False),
        ({"from_email": "new@example.com"}, False),
        ({"api_url": "https://api.eu.pagerduty.com"}, False),
    ],
)
def test_other_credentials_end_a_refusal_at_once(changes: dict[str, str], holds: bool) -> None:
    assert refused(**changes) is holds


async def test_a_later_failure_without_numbers_leaves_no_numbers_of_the_one_before(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    for error in (PagerDutyError("No", *TOKEN), PagerDutyError("The answer is no JSON")):
        await store.commit(SaveIntegrationState(failure_state("one", error, FAILED_AT)))
    state = await store.integration_state("one")
    await store.close()
    assert state is not None
    assert (state.last_failure_reason, Refusals().current(state)) == ("The answer is no JSON", None)


def test_a_refusal_is_reported_in_the_words_of_the_failure() -> None:
    state = failure_state("one", PagerDutyError("PagerDuty answered 403: No", *RIGHT), FAILED_AT)
    assert Refusals().current(state) == Refusal("token", "PagerDuty answered 403: No")


@pytest.mark.parametrize("well", [{"last_note_at": 4e9}, {"compared_until": 4e9}])
def test_what_a_clock_that_was_ahead_dated_ends_no_refusal(well: dict[str, float]) -> None:
    assert Refusals().current(msgspec.structs.replace(failed(TOKEN), **well)) is not None


def test_credentials_that_a_clock_ahead_dated_hide_no_refusal() -> None:
    refusals, record = Refusals(), RoutingRecord("one", "team", "payments", 0.0, 1, "bidirectional", "https://a.com")
    for token, at in (("old", EARLIER), ("new", 4e9)):
        refusals.credentials_loaded("one", msgspec.structs.replace(record, api_token=token), at)
    assert refusals.current(failed(TOKEN)) is not None
