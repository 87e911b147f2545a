import tracemalloc
from itertools import permutations

import msgspec
import pytest

from noctuary.common.errors import InvalidInput
from noctuary.incidents.told.sightings import sighting_of_event, sighting_of_listing
from noctuary.incidents.told.states import apply_sighting, believed, confirmed
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import Scope
from noctuary.pagerduty.objects import Incident
from noctuary.pagerduty.webhook import MAX_AGE_S, IncidentData, Reference, parse_webhook

T = 1_800_000_000.0  # 2027-01-15T08:00:00Z


def body(event_type: str = "incident.triggered", second: int = 0, **data: object) -> bytes:
    incident = {"id": "Q1", "type": "incident", "created_at": "2027-01-15T08:00:00Z", **data}
    at = f"2027-01-15T08:00:{second:02d}.250Z"
    event = {"id": f"e{event_type}{second}", "event_type": event_type, "occurred_at": at, "data": incident}
    return msgspec.json.encode({"event": event | {"agent": {"id": "P1", "type": "user_reference", "summary": "Jo"}}})


def fold(*bodies: bytes) -> IncidentRow:
    row: IncidentRow | None = None
    for each in bodies:
        event = parse_webhook(each, T)
        assert event.incident is not None
        row = apply_sighting(row, sighting_of_event(event, event.incident), "a", "one")
    assert row is not None
    return row


TRIGGER = body(status="triggered", title="Errors")
ACK = body("incident.acknowledged", 5, status="acknowledged")
RESOLVE = body("incident.resolved", 9, status="resolved")
REOPEN = body("incident.reopened", 12, status="triggered")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"event":3}',
        b'{"event":{"data":{"type":"incident"}}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_v3_webhook_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match="V3 webhook"):
        parse_webhook(raw, T)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ('{"type":"ping","message":"Hello"}', "ping"),
        ('{"type":"incident_note","incident":{"id":"Q1"}}', "incident_note"),
        ('{"type":"something_new","id":5}', "something_new"),
        ("null", ""),
        ('{"type":null}', ""),
    ],
)
def test_only_an_incident_is_taken_for_one(data: str, kind: str) -> None:
    raw = f'{{"event":{{"id":"e","event_type":"incident.annotated","resource_type":"incident","data":{data}}}}}'
    event = parse_webhook(raw.encode(), T)
    assert (event.data_type, event.incident) == (kind, None)


def test_missing_and_null_fields_are_fine() -> None:
    data = b'{"type":"incident","id":"Q1","service":null,"number":null}'
    raw = b'{"event":{"id":"e","event_type":"incident.triggered","occurred_at":null,"agent":null,"data":' + data + b"}}"
    event = parse_webhook(raw, T)
    assert event.occurred_at == T
    assert event.incident is not None


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ([TRIGGER, ACK, RESOLVE], "resolved"),
        ([RESOLVE, TRIGGER, ACK], "resolved"),
        ([RESOLVE, ACK, TRIGGER], "resolved"),
        ([ACK, TRIGGER], "acknowledged"),
        ([TRIGGER, TRIGGER, ACK, ACK], "acknowledged"),
        ([TRIGGER, RESOLVE, REOPEN], "triggered"),
        ([REOPEN, RESOLVE, TRIGGER], "triggered"),
    ],
)
def test_events_in_any_order_give_the_right_end(order: list[bytes], status: str) -> None:
    row = fold(*order)
    assert (row.status, row.resolved_at is not None) == (status, status == "resolved")


def test_a_late_acknowledgement_is_remembered_without_reviving_the_incident() -> None:
    row = fold(TRIGGER, RESOLVE, ACK)
    assert (row.status, row.acknowledged_at, row.acknowledged_by) == ("resolved", T + 5.25, "Jo")


def test_a_late_trigger_fills_in_when_it_began_and_its_title() -> None:
    row = fold(RESOLVE, TRIGGER)
    assert (row.title, row.triggered_at) == ("Errors", T)


def test_a_listing_of_the_same_second_does_not_undo_a_webhook() -> None:
    row = fold(TRIGGER, ACK)
    listed = Incident(id="Q1", status="triggered", last_status_change_at="2027-01-15T03:00:05-05:00")
    assert apply_sighting(row, sighting_of_listing(listed, T + 60), "a", "one").status == "acknowledged"


def test_a_listing_with_the_accounts_offset_brings_a_missed_resolve() -> None:
    listed = Incident(
        id="Q1",
        status="resolved",
        created_at="2027-01-15T03:00:00-05:00",
        last_status_change_at="2027-01-15T03:00:09-05:00",
        resolved_at="2027-01-15T03:00:09-05:00",
    )
    row = apply_sighting(fold(TRIGGER, ACK), sighting_of_listing(listed, T + 60), "a", "one")
    assert (row.status, row.resolved_at) == ("resolved", T + 9)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"event_type": "incident.reopened"}, T + 12.25),
        ({"event_type": "incident.reopened", "reopened_at": "2027-01-15T08:00:11Z"}, T + 11),
        ({"event_type": "incident.acknowledged", "reopened_at": "2027-01-15T08:00:11.5Z"}, T + 11.5),
        ({"event_type": "incident.acknowledged", "reopened_at": None}, None),
        ({"event_type": "incident.triggered", "reopened_at": "2027-01-15T08:00:00Z"}, None),
        ({"event_type": "incident.acknowledged", "reopened_at": "yesterday"}, None),
        ({"event_type": "incident.acknowledged", "reopened_at": "2031-01-15T08:00:00Z"}, T + 12.25),
    ],
    ids=str,
)
def test_a_reopening_is_read_from_any_event(told: dict[str, str | None], kept: float | None) -> None:
    kind = str(told.pop("event_type"))
    assert fold(body(kind, 12, status="triggered", **told)).reopened_at == kept


@pytest.mark.parametrize("told", [{}, {"reopened_at": "2027-01-15T08:00:12Z"}])
def test_what_is_reopened_in_the_millisecond_of_its_resolution_is_open(told: dict[str, str]) -> None:
    resolved = body("incident.resolved", 12, status="resolved")
    reopened = body("incident.reopened", 12, status="triggered", **told)
    for order in permutations([TRIGGER, resolved, reopened]):
        assert fold(*order).status == "triggered"


def test_an_older_reopening_that_comes_late_changes_nothing() -> None:
    first = body("incident.reopened", 12, status="triggered")
    second = body("incident.reopened", 30, status="triggered")
    assert fold(TRIGGER, second, first).reopened_at == T + 30.25


def test_the_same_reopening_told_to_the_second_and_to_the_millisecond_is_one() -> None:
    told = body("incident.reopened", 12, status="triggered", reopened_at="2027-01-15T08:00:11Z")
    assert fold(TRIGGER, REOPEN, told) == fold(TRIGGER, REOPEN)


def test_a_list_that_is_asked_later_tells_of_a_move_and_one_asked_at_once_does_not() -> None:
    moved = Incident(
        id="Q1", status="triggered", created_at="2027-01-15T08:00:00Z", service=Reference("PNEW", summary="new")
    )
    row = fold(body(status="triggered", service={"id": "POLD", "type": "service_reference", "summary": "old"}))
    services = [apply_sighting(row, sighting_of_listing(moved, T + s), "a", "one").service_id for s in (30, 90)]
    assert services == ["POLD", "PNEW"]


def test_a_list_that_was_asked_just_before_a_reopening_does_not_undo_it() -> None:
    resolve = body("incident.resolved", 12, status="resolved").replace(b".250Z", b".100Z")
    row = fold(TRIGGER, resolve, REOPEN)
    listed = Incident(id="Q1", status="resolved", last_status_change_at="2027-01-15T08:00:12Z")
    assert apply_sighting(row, sighting_of_listing(listed, T + 12.2), "a", "one").status == "triggered"


def test_a_list_that_is_asked_when_all_has_arrived_corrects_what_was_believed() -> None:
    listed = Incident(id="Q1", status="triggered", last_status_change_at="2027-01-15T08:00:09Z")
    statuses = [apply_sighting(fold(RESOLVE), sighting_of_listing(listed, T + s), "a", "one").status for s in (30, 90)]
    assert statuses == ["resolved", "triggered"]


# Times that cannot be


def told_at(text: str | None) -> tuple[float, bool]:
    event = {
        "id": "e",
        "event_type": "incident.resolved",
        "occurred_at": text,
        "data": {"type": "incident", "id": "Q1"},
    }
    parsed = parse_webhook(msgspec.json.encode({"event": event}), T)
    return parsed.occurred_at, parsed.clamped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-15T07:59:00Z", (T - 60, False)),
        ("2027-01-15T08:04:59Z", (T + 299, False)),
        ("2027-01-15T08:05:01Z", (T, True)),
        ("9999-12-31T23:59:59Z", (T, True)),
        ("2026-06-01T00:00:00Z", (1_780_272_000.0, False)),
        ("1970-01-01T00:00:00Z", (T - MAX_AGE_S, True)),
        ("no time", (T, False)),
        (None, (T, False)),
    ],
)
def test_a_time_that_cannot_be_is_clamped_and_flagged(text: str | None, expected: tuple[float, bool]) -> None:
    assert told_at(text) == expected


def test_what_is_told_as_of_1970_wins_over_nothing() -> None:
    old = body("incident.resolved", status="resolved").replace(b"2027-01-15T08:00:00.250Z", b"1970-01-01T00:00:00Z")
    assert fold(TRIGGER, ACK, old).status == "acknowledged"


def test_pagerdutys_answer_overrules_a_state_that_lies_ahead_of_now() -> None:
    row = fold(TRIGGER, RESOLVE)
    row.last_event_at = T + 8000 * 365 * 86400
    listed = Incident(id="Q1", status="acknowledged", last_status_change_at="2027-01-15T08:00:05Z")
    found = apply_sighting(row, sighting_of_listing(listed, T + 60), "a", "one")
    assert (found.status, found.last_event_at) == ("acknowledged", T + 5)


def test_a_confirming_answer_overrules_all_that_was_claimed() -> None:
    claim = fold(body("incident.resolved", 9, status="resolved", service={"id": "PFORGED"}, html_url="https://evil/x"))
    page = "https://Shop.PagerDuty.com/incidents/Q1"
    answer = Incident(
        id="Q1",
        status="triggered",
        html_url=page,
        created_at="2027-01-15T08:00:00Z",
        service=Reference("P1"),
        teams=[Reference("T1")],
    )
    found = confirmed(claim, sighting_of_listing(answer, T + 20))
    assert (found.status, found.service_id, found.team_ids, found.resolved_at) == ("triggered", "P1", ["T1"], None)
    assert (found.account, found.confirmed_at, found.html_url) == ("shop.pagerduty.com", T + 20, page)


def test_a_moved_service_is_not_believed_and_asked_for() -> None:
    row = confirmed(fold(TRIGGER), sighting_of_listing(Incident(id="Q1", service=Reference("P1")), T + 1))
    told = body("incident.service_updated", 30, status="triggered", service={"id": "P2"})
    event = parse_webhook(told, T + 30)
    assert event.incident is not None
    found = believed(row, sighting_of_event(event, event.incident), Scope(), event.occurred_at)
    assert (found.service_id, found.is_doubted) == ("P1", True)


def test_endless_teams_are_left_out_before_they_are_objects() -> None:
    endless = body(teams=[{}] * 500_000)
    tracemalloc.start()
    try:
        found = parse_webhook(endless, T).incident
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found is not None
    assert (found.id, found.teams) == ("Q1", None)
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize("name", ["title", "service", "teams", "status", "html_url"])
def test_no_field_longer_than_any_incidents_is_read(name: str) -> None:
    event = parse_webhook(
        b'{"event":{"data":{"type":"incident","id":"Q1","%b":"%b"}}}' % (name.encode(), b"x" * 65_536), T
    )
    assert event.incident == IncidentData("Q1")


def test_an_id_longer_than_any_is_none() -> None:
    with pytest.raises(InvalidInput, match="no usable `id`"):
        parse_webhook(b'{"event":{"data":{"type":"incident","id":"%b"}}}' % (b"x" * 65_536), T)


def test_of_a_field_that_is_repeated_only_the_last_is_built() -> None:
    repeated = b'"service":{"id":"S1"},' * 90_000 + b'"service":{"id":"S2"}'
    raw = b'{"event":{"data":{"type":"incident","id":"Q1",' + repeated + b"}}}"
    tracemalloc.start()
    event = parse_webhook(raw, T)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert event.incident is not None
    assert event.incident.service == Reference("S2")
    assert most < 2 * len(raw)


# A start that nobody told


@pytest.mark.parametrize(
    ("told", "is_unknown"),
    [
        ({"created_at": None}, True),
        ({"created_at": "odd"}, True),
        ({"created_at": 1_799_999_000}, False),
        ({"created_at": 1_799_999_000_123}, False),
        ({}, False),
    ],
)
def test_a_start_is_known_when_it_was_told(told: dict[str, object], is_unknown: bool) -> None:
    row = fold(body("incident.resolved", 9, status="resolved", **told))
    assert row.is_start_unknown is is_unknown


def test_a_start_that_is_told_later_is_believed() -> None:
    row = fold(body("incident.resolved", 9, status="resolved", created_at=None), TRIGGER)
    assert (row.is_start_unknown, row.triggered_at) == (False, T + 0.25)


def test_an_answer_without_a_start_keeps_the_one_that_was_told() -> None:
    answer = sighting_of_listing(Incident(id="Q1", status="resolved"), T + 60)
    kept, unknown = (confirmed(fold(each), answer) for each in (TRIGGER, body("incident.resolved", 9, created_at=None)))
    assert (kept.triggered_at, kept.is_start_unknown, unknown.is_start_unknown) == (T + 0.25, False, True)


def test_an_end_that_nobody_told_is_known_when_it_is_told() -> None:
    untold = confirmed(fold(TRIGGER, ACK), sighting_of_listing(Incident(id="Q1", status="resolved"), T + 60))
    told = apply_sighting(untold, sighting_of_listing(ENDED, T + 300), "a", "one")
    assert (untold.is_end_unknown, told.is_end_unknown, told.resolved_at) == (True, False, T + 9)


ENDED = Incident(id="Q1", status="resolved", resolved_at="2027-01-15T08:00:09Z")
