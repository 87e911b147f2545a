"""Oddities of webhooks and lists in the whole pipeline: notes are written all the same, and what is lost is told."""

from datetime import UTC, datetime, timedelta

import pytest

from testbed.scene import Scene

FIELDS = {
    "event.agent.id": "null",
    "event.data.teams": "object-of-null",
    "event.data.service.type": "null",
    "event.data.number": "number-as-text",
    "event.data.urgency": "number",
    "event.occurred_at": "number",
    "event.data.created_at": "true",
    "event.data.title": "lone-surrogate",
    "event.data.type": "null",
    "event.data.html_url": "nan",
    "event": "byte-order-mark",
}


async def started(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()


@pytest.mark.parametrize("field", FIELDS)
async def test_an_odd_webhook_becomes_a_note(scene: Scene, field: str) -> None:
    scene.pd.rules.add("odd-webhook", field=field, oddity=FIELDS[field])
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_one_odd_incident_of_a_list_keeps_no_other_from_its_note_and_is_told(scene: Scene) -> None:
    at = datetime.now(UTC) - timedelta(seconds=120)
    lost, found = (scene.pd.trigger(scene.service, title, at=at, deliver=False) for title in ("Lost", "Found"))
    scene.pd.rules.add("odd-answer", path="/incidents", field="incidents.0.id", oddity="null")
    scene.start()
    await scene.until(lambda: scene.text(found.id) or scene.text(lost.id))
    assert sorted(scene.pd.note_counts().values()) == [0, 1]
    assert (scene.counted("noctuary_unread_total", where="answers", kind="left_out") or 0) >= 1


@pytest.mark.parametrize(("field", "oddity"), [("title", "null"), ("service.type", "null"), ("teams", "list-of-null")])
async def test_an_odd_field_of_one_incident_stops_no_comparison(scene: Scene, field: str, oddity: str) -> None:
    at = datetime.now(UTC) - timedelta(seconds=120)
    both = [scene.pd.trigger(scene.service, title, at=at, deliver=False) for title in ("One", "Two")]
    scene.pd.rules.add("odd-answer", path="/incidents", field=f"incidents.0.{field}", oddity=oddity)
    scene.start()
    await scene.until(lambda: all(scene.text(each.id) for each in both))


async def test_a_signed_payload_of_another_system_is_told_by_its_name(scene: Scene) -> None:
    await scene.put(b'{"routing_key":"R","event_action":"trigger","payload":{}}')
    scene.start()
    await scene.until(lambda: scene.counted("noctuary_unread_total", where="webhook_url", kind="events_api_v2"))


async def test_a_resolution_whose_start_nobody_told_has_no_length(scene: Scene) -> None:
    for path, field in (("/incidents/*", "incident"), ("/incidents", "incidents.0")):
        scene.pd.rules.add("odd-answer", path=path, field=f"{field}.created_at", oddity="null")
    scene.pd.rules.add("odd-webhook", field="event.data.created_at", oddity="null")
    incident = scene.pd.trigger(scene.service, "Errors", deliver=False)
    await started(scene)
    await scene.until(lambda: scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved. "))


@pytest.mark.parametrize("oddity", ["null", "absent", "object-of-null"])
async def test_a_note_whose_id_is_not_told_is_never_written_twice(scene: Scene, oddity: str) -> None:
    scene.pd.rules.add("odd-answer", method="POST", path="/incidents/*/notes", field="note.id", oddity=oddity, nth=1)
    scene.pd.rules.add("odd-answer", method="GET", path="/incidents/*/notes", field="notes.0.id", oddity=oddity, nth=1)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}
