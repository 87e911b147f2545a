"""A diagnosis that another version wrote in a form unknown here is shown as it was, and kept."""

import msgspec
import pytest

from noctuary.models.incident import IncidentRow
from noctuary.notes.note import restate_note
from noctuary.store.changes import SaveIncident
from testbed.scene import Scene

FORMS = [b'{"diagnosis": {"verdict": "from_the_future"}}', b"\x82\xa1a\x01", b'{"alerts": 3}']


async def replace_diagnosis(scene: Scene, incident_id: str, diagnosis: bytes) -> None:
    row = await scene.incident(incident_id)
    await scene.store.commit(SaveIncident(msgspec.structs.replace(row, diagnosis=diagnosis)))


@pytest.mark.parametrize("form", FORMS)
async def test_the_note_keeps_its_text_and_tells_the_new_status(scene: Scene, form: bytes) -> None:
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    before = scene.text(incident.id).splitlines()
    await replace_diagnosis(scene, incident.id, form)
    scene.pd.acknowledge(incident.id, by=scene.bot)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    await scene.idle()
    after = scene.text(incident.id)
    assert before[0] in after.splitlines()[0]
    assert after.count("Acknowledged at") == after.count("Resolved at") == 1
    assert set(before[1:-1]) <= set(after.splitlines())
    assert (await scene.incident(incident.id)).diagnosis == form


RESOLVED = IncidentRow(
    account="a", incident_id="P1", integration_id="one", status="resolved", triggered_at=0.0, resolved_at=60.0
)
NOTE = "Likely cause: pay was rolled out to 2.\n\nDo: something\n\nnoctuary ref nct:x  updated 00:00:00 UTC"


def test_a_reopened_incident_loses_the_words_of_its_end() -> None:
    ended = restate_note(NOTE, RESOLVED, "nct:x", 61.0)
    assert ended.startswith("Resolved after 60 s. Likely cause: pay was rolled out to 2.\n\nResolved at 00:01:00 UTC.")
    reopened = msgspec.structs.replace(RESOLVED, status="triggered", resolved_at=None)
    assert restate_note(ended, reopened, "nct:x", 0.0) == NOTE


def test_the_same_status_twice_changes_nothing_but_the_time() -> None:
    once = restate_note(NOTE, RESOLVED, "nct:x", 61.0)
    assert restate_note(once, RESOLVED, "nct:x", 61.0) == once


async def test_without_a_note_the_incident_is_diagnosed_anew(scene: Scene) -> None:
    scene.route(suspend=False, direction="inbound")
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    await replace_diagnosis(scene, incident.id, FORMS[0])
    scene.route(direction="bidirectional")
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id))
    assert scene.pd.note_counts() == {incident.id: 1}
