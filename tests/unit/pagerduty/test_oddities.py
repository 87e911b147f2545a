"""Every field of every webhook and list, in every odd shape: nothing is lost but what lacks the incident's id."""

import json
from itertools import product
from typing import Any

import msgspec
import pytest

from noctuary.common.errors import InvalidInput
from noctuary.incidents.told.sightings import sighting_of_event, sighting_of_listing
from noctuary.incidents.told.states import apply_sighting
from noctuary.pagerduty.objects import AlertPage, Incident, IncidentAnswer, IncidentPage, LogPage, NoteList, ServicePage
from noctuary.pagerduty.repair import repaired
from noctuary.pagerduty.tolerant import decode
from noctuary.pagerduty.webhook import INCIDENT_EVENTS, WebhookEvent, parse_webhook
from testbed.pagerduty.account.account import SimulatedPagerDuty
from testbed.pagerduty.oddities import FIELD_ODDITIES, WHOLE, fields_of, spoil
from testbed.pagerduty.webhooks.events import agent_of, incident_data, make_event

NO_ID = {"absent", "null", "true", "empty", "empty-list", "empty-object", "list-of-null", "object-of-null"} | {
    "nan",
    "infinity",
}
"""What is no id; a number is read as text, and text is what it says."""


def world() -> tuple[SimulatedPagerDuty, Any]:
    made = SimulatedPagerDuty()
    person = made.add_user("Jo", "jo@example.com")
    incident = made.trigger(made.add_service("api", [made.add_team("web")]), "Errors", deliver=False)
    made.acknowledge(incident.id, by=person)
    made.write_note(incident.id, "a note", person)
    return made, incident


WORLD, INCIDENT = world()
RENDER = WORLD.render


def webhook_of(event_type: str) -> dict[str, Any]:
    data = incident_data(RENDER, INCIDENT)
    agent = agent_of(RENDER, None, INCIDENT.service)
    return make_event(event_type, data, agent, WORLD.clock.now(), INCIDENT.service).payload


WEBHOOKS = {event_type: webhook_of(event_type) for event_type in sorted(INCIDENT_EVENTS)}


def read(body: bytes) -> WebhookEvent:
    event = parse_webhook(body, WORLD.clock.now().timestamp())
    assert event.incident is not None
    row = apply_sighting(None, sighting_of_event(event, event.incident), "a", "one")
    msgspec.json.decode(msgspec.json.encode(row), type=type(row))  # what is stored can be read again
    return event


def lacks_id(field: str, oddity: str) -> bool:
    if field in ("event", "event.data"):
        return True
    return field == "event.data.id" and oddity in NO_ID


@pytest.mark.parametrize("event_type", WEBHOOKS)
def test_a_webhook_is_lost_only_without_the_incidents_id(event_type: str) -> None:
    payload = WEBHOOKS[event_type]
    for field, oddity in product(fields_of(payload), FIELD_ODDITIES):
        body = spoil(payload, field, oddity)
        if lacks_id(field, oddity):
            with pytest.raises(InvalidInput):
                read(body)
            continue
        found = read(body).incident
        assert found is not None, (field, oddity)
        assert field == "event.data.id" or found.id == INCIDENT.id, (field, oddity)
        assert field == "event.data.title" or found.title == "Errors", (field, oddity)
        told = found.service is not None and found.service.id
        assert field.startswith("event.data.service") or told == INCIDENT.service.id, (field, oddity)


@pytest.mark.parametrize("oddity", WHOLE)
@pytest.mark.parametrize("event_type", WEBHOOKS)
def test_a_whole_body_in_another_coding_is_read(event_type: str, oddity: str) -> None:
    assert (
        read(spoil(WEBHOOKS[event_type], "", oddity)).incident
        == read(json.dumps(WEBHOOKS[event_type]).encode()).incident
    )


ITEMS: dict[str, tuple[type[msgspec.Struct], Any]] = {
    "incidents": (IncidentPage, RENDER.incident(INCIDENT)),
    "alerts": (AlertPage, RENDER.alert(INCIDENT.alerts[0], INCIDENT)),
    "log_entries": (LogPage, RENDER.log_entry(INCIDENT.log[0], INCIDENT)),
    "notes": (NoteList, RENDER.note(INCIDENT.notes[0])),
    "services": (ServicePage, RENDER.service(INCIDENT.service)),
}


@pytest.mark.parametrize("name", ITEMS)
def test_items_of_a_list_are_read_one_by_one(name: str) -> None:
    kind, item = ITEMS[name]
    good = msgspec.json.decode(json.dumps({name: [item]}), type=kind)
    for field, oddity in product([None, *fields_of(item)], FIELD_ODDITIES):
        path = f"{name}.0" if field is None else f"{name}.0.{field}"
        page, left_out = decode(spoil({name: [item, item], "more": False}, path, oddity), kind)
        items = getattr(page, name)
        assert items[-1] == getattr(good, name)[0], (field, oddity)
        assert len(items) + left_out == (1 if (field, oddity) == (None, "absent") else 2), (field, oddity)
        if field is not None:
            is_lost = name == "incidents" and field == "id" and oddity in NO_ID
            assert bool(left_out) == is_lost, (field, oddity)


@pytest.mark.parametrize("name", ITEMS)
@pytest.mark.parametrize("oddity", ["absent", "null", "text", "number", "empty-object", "nan"])
def test_an_answer_without_its_list_is_no_empty_list(name: str, oddity: str) -> None:
    kind, item = ITEMS[name]
    with pytest.raises(msgspec.ValidationError):
        decode(spoil({name: [item], "more": False}, name, oddity), kind)


@pytest.mark.parametrize("oddity", FIELD_ODDITIES)
def test_one_incident_is_read_in_any_shape_that_has_its_id(oddity: str) -> None:
    answer = {"incident": RENDER.incident(INCIDENT)}
    for field in fields_of(answer["incident"]):
        body = spoil(answer, f"incident.{field}", oddity)
        if field == "id" and oddity in NO_ID:
            with pytest.raises(msgspec.ValidationError):
                decode(body, IncidentAnswer)
            continue
        shown = decode(body, IncidentAnswer)[0].incident
        seen = sighting_of_listing(shown, 2e9)
        assert field == "status" or (seen.status, field == "id" or seen.incident_id == INCIDENT.id) == (
            "acknowledged",
            True,
        )


@pytest.mark.parametrize(
    ("more", "shown", "expected"),
    [
        ("true", 100, True),
        ("false", 100, False),
        ("null", 100, True),
        ("null", 99, False),
        ("{}", 100, True),
        ('"true"', 3, True),
        ("true", 0, False),
    ],
)
def test_where_more_is_not_told_a_full_page_has_another(more: str, shown: int, expected: bool) -> None:
    body = f'{{"incidents":[{",".join(["null"] * shown)}],"more":{more}}}'
    page, left_out = decode(body.encode(), IncidentPage)
    assert msgspec.structs.replace(page, left_out=left_out).has_more(100) is expected


# Text


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ude00 cut"', "\ufffd cut"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"whole \ud83d\ude00"', "whole \U0001f600"),
        (rb'"half \ud8"', "half \ufffd"),
        (rb'"\\ud83d"', r"\ud83d"),
        (rb'"\x"', "\ufffdx"),
        (b'"cut \xf0\x9f\x98"', "cut \ufffd"),
        (b'"tab\there"', "tab here"),
        (b'\xef\xbb\xbf"marked"', "marked"),
        ('"\ufeffmarked"'.encode("utf-16"), "marked"),
        (b'"NaN and Infinity"', "NaN and Infinity"),
        (b"NaN", None),
        (b"-Infinity", None),
    ],
)
def test_text_is_repaired_and_nothing_else_of_it_changes(sent: bytes, read_as: str | None) -> None:
    assert msgspec.json.decode(repaired(sent)) == read_as


@pytest.mark.parametrize("text", [b'"' * 400_000, rb"\"" * 200_000, b'"' + rb"\ud83d" * 100_000, b"NaN" * 100_000])
def test_repair_of_hostile_text_ends(text: bytes) -> None:
    assert len(repaired(text)) <= 2 * len(text)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"status": None, "resolved_at": "2027-01-15T08:00:00Z"}, "resolved"),
        ({"status": "odd"}, "triggered"),
        ({"status": "acknowledged", "resolved_at": "2027-01-15T08:00:00Z"}, "acknowledged"),
    ],
)
def test_a_status_that_is_not_told_follows_from_what_goes_with_it(told: dict[str, Any], status: str) -> None:
    assert sighting_of_listing(Incident(id="Q1", **told), 2e9).status == status
