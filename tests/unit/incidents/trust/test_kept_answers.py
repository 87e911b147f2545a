"""A note that is taken over by somebody who saw nothing of the incident keeps the answer that stands in it."""

import dataclasses
import time
from typing import Any

import msgspec
import pytest

from noctuary.common import clock
from noctuary.incidents.evidence import storing
from noctuary.incidents.outbox.wanted import wanted_note
from noctuary.models.diagnosis import Diagnosis, Verdict
from noctuary.models.evidence import AlertSummary, Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from testbed.cluster_events import fault, rollout
from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene
from tests.unit.incidents.trust.test_ordinary_days import LIKELY, begins
from tests.unit.incidents.trust.test_turns import both_know, two, writer_of_row

KEPT = "Likely cause: web was rolled out to 2.0"
OURS = RoutingRecord("ours", "platform", "ours", 0.0, 1, "outbound", "https://api.pagerduty.com", api_token="t")
STANDING = f"{KEPT}\n\nnoctuary ref nct:x  updated 00:00:00 UTC"


async def answered_by_first(scene: Scene, namespace: str = "platform") -> Incident:
    """Have the first write an answer that the second, of a namespace, knows nothing of; then the first is refused."""
    await two(scene)
    scene.route("second", namespace=namespace)
    await scene.until(lambda: both_know(scene))
    await scene.store.add_events([rollout(time.time() - 30), fault(time.time() - 20)])
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(begins(scene, incident, LIKELY))
    assert await writer_of_row(scene, incident) == "first"
    await scene.idle()
    _set_read_only(scene, is_read_only=True)
    scene.pd.acknowledge(incident.id, by=scene.bot)
    await scene.until(lambda: "Acknowledged" in scene.text(incident.id))
    return incident


def _set_read_only(scene: Scene, *, is_read_only: bool) -> None:
    keys, token = scene.pd.account.keys, scene.records["first"].api_token or ""
    keys[token] = dataclasses.replace(keys[token], read_only=is_read_only)


async def test_who_saw_nothing_takes_over_and_adds_what_becomes_of_the_incident(scene: Scene) -> None:
    incident = await answered_by_first(scene)
    assert await writer_of_row(scene, incident) == "second"
    assert scene.words(incident.id).startswith(LIKELY)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: "Resolved at" in scene.text(incident.id))
    assert f". {LIKELY}" in scene.words(incident.id).splitlines()[0]
    assert "Why (UTC)" in scene.text(incident.id)


async def test_whose_answer_it_is_goes_on_once_its_new_token_is_accepted(scene: Scene) -> None:
    incident = await answered_by_first(scene)
    scene.route("first", api_token=scene.pd.add_token())

    async def is_back() -> bool:
        return await writer_of_row(scene, incident) == "first"

    await scene.until(is_back)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(begins(scene, incident, "Resolved after"))
    assert (await is_back(), len(scene.pd.notes(incident.id))) == (True, 1)


async def test_who_saw_something_shows_its_own_answer_and_keeps_the_note(scene: Scene) -> None:
    incident = await answered_by_first(scene, namespace="payments")
    note = await scene.store.note(scene.account, incident.id)
    assert note is not None
    assert (note.integration_id, note.answer_of) == ("second", None)


def _incident(integration_id: str, verdict: Verdict = Verdict.NEVER_SEEN, **changes: Any) -> IncidentRow:
    now = clock.now()
    evidence = Evidence(Diagnosis(verdict, now, now - 60, [], []), AlertSummary(), service_id="P1", looked_at=now)
    row = IncidentRow(
        integration_id=integration_id,
        incident_id="Q1",
        api_url="https://api.pagerduty.com",
        service_id="P1",
        diagnosis=storing.encode(evidence),
    )
    return msgspec.structs.replace(row, **changes)


@pytest.mark.parametrize(
    ("author", "changes", "is_kept"),
    [
        (Verdict.CAUSE, {}, True),
        (Verdict.NOTHING_RELEVANT, {}, True),
        (Verdict.NEVER_SEEN, {}, False),
        (Verdict.CAUSE, {"service_id": "P2"}, False),
        (Verdict.CAUSE, {"reopened_at": 9e9}, False),
        (Verdict.CAUSE, {"api_url": "https://api.eu.pagerduty.com"}, False),
    ],
)
def test_only_an_answer_to_the_incident_as_it_is_now_is_kept(
    author: Verdict, changes: dict[str, Any], *, is_kept: bool
) -> None:
    ours, theirs = _incident("ours", **changes), _incident("theirs", author)
    note = NoteRow(account="a", incident_id="Q1", integration_id="theirs", marker="nct:x", text=STANDING, note_id="N")
    evidence = msgspec.json.decode(ours.diagnosis or b"", type=Evidence)
    wanted = wanted_note(OURS, ours, evidence, note, look_first=False, author=theirs)
    assert wanted is not None
    assert (wanted.text.startswith(KEPT), wanted.answer_of) == (is_kept, "theirs" if is_kept else None)
