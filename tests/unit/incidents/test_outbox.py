import time
from typing import Any

import pytest

from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.http_client import create_client
from noctuary.incidents.outbox.delivery import DELETED_BY_HAND, our_notes
from noctuary.models.incident import NoteRow
from noctuary.notes.note import MARKER_LINE_START
from noctuary.pagerduty.client import PagerDutyClient
from noctuary.pagerduty.objects import Note
from testbed.scene import Scene

POST = {"method": "POST", "path": "/incidents/*/notes"}


async def started(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()


async def note_row(scene: Scene, incident_id: str) -> NoteRow:
    row: NoteRow | None = await scene.store.note(scene.account, incident_id)
    assert row is not None
    return row


def calls(scene: Scene, method: str) -> list[str]:
    return [call.path for call in scene.pd.calls if call.method == method and "/notes" in call.path]


async def test_a_clean_first_attempt_costs_one_call(scene: Scene) -> None:
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert scene.text(incident.id)
    assert (len(calls(scene, "POST")), len(calls(scene, "GET"))) == (1, 0)


FAULTS: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
    ("the answer is lost", [("lose-answer", {"times": 1})]),
    ("the answer is lost and the note shows late", [("lose-answer", {"times": 1}), ("hide-note", {"seconds": 0.5})]),
    (
        "the answer is lost and the note shows very late",
        [("lose-answer", {"times": 1}), ("hide-note", {"seconds": 1.1})],
    ),
    ("the request is lost", [("lose-request", {"times": 1})]),
    ("the answer is 503", [("server-error", {"times": 1})]),
    ("the answer is 500 three times", [("server-error", {"times": 3, "status": 500})]),
    ("every second answer is lost", [("lose-answer", {"every": 2})]),
    ("answers get lost at random", [("lose-answer", {"probability": 0.5, "seed": 7}), ("hide-note", {"seconds": 0.4})]),
]


@pytest.mark.parametrize("rules", [rules for _, rules in FAULTS], ids=[name for name, _ in FAULTS])
async def test_exactly_one_note_stands_when(scene: Scene, rules: list[tuple[str, dict[str, Any]]]) -> None:
    for action, options in rules:
        scene.pd.rules.add(action, **POST, **options)
    await started(scene)
    incidents = [scene.pd.trigger(scene.service, f"Errors {i}") for i in range(4)]
    await scene.until(lambda: all(scene.pd.notes(i.id) for i in incidents), 30)
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1 for incident in incidents}
    assert scene.pd.violations == []


def has_checked(scene: Scene) -> bool:
    """Tell whether the notes were looked at after a second one was posted."""
    methods = [call.method for call in scene.pd.calls if "/notes" in call.path]
    return methods.count("POST") == 2 and methods[-1] == "GET"


@pytest.mark.parametrize("stands_still", [False, True], ids=["seconds apart", "in one second"])
async def test_a_double_that_shows_late_is_deleted_and_the_oldest_stays(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, stands_still: bool
) -> None:
    if stands_still:
        moment = scene.pd.clock.now()
        monkeypatch.setattr(scene.pd.clock, "now", lambda: moment)
    scene.pd.rules.add("lose-answer", **POST, times=1)
    scene.pd.rules.add("hide-note", **POST, times=1, seconds=3600)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: has_checked(scene))
    oldest, double = scene.pd.notes(incident.id)
    scene.pd.clock.advance(3600)
    await scene.idle()
    assert (scene.pd.notes(incident.id), incident.deleted_notes) == ([oldest], [double])
    assert (await note_row(scene, incident.id)).note_id == oldest.id


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2026-11-01T05:59:59Z", "2026-11-01T06:00:00Z"),
        ("2026-11-01T01:59:59-04:00", "2026-11-01T01:00:20-05:00"),
        ("2026-11-01T06:00:00Z", "2026-11-01T06:00:00Z"),
        (None, "2026-11-01T06:00:00Z"),
    ],
    ids=["a second apart", "as the clocks go back", "in one second", "without a time"],
)
def test_notes_are_told_apart_by_age_as_they_are_listed(older: str | None, newer: str) -> None:
    listed = [Note(name, f"{MARKER_LINE_START}mark updated", at) for name, at in (("newer", newer), ("older", older))]
    assert [note.id for note in our_notes(listed, "mark")] == ["older", "newer"]


async def test_an_adopted_note_is_edited_when_its_text_is_older(scene: Scene) -> None:
    scene.pd.rules.add("lose-answer", **POST, times=1)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.pd.notes(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_a_crash_between_the_answer_and_its_record_leaves_one_note(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await started(scene)
    died: list[str] = []
    post = PagerDutyClient.create_note

    async def die_after_post(client: PagerDutyClient, incident_id: str, content: str) -> Note:
        note = await post(client, incident_id, content)
        died.append(incident_id)
        await scene.until(lambda: False, 60)
        return note

    monkeypatch.setattr(PagerDutyClient, "create_note", die_after_post)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: died)
    await scene.stop()
    assert (await note_row(scene, incident.id)).posting_since is not None
    monkeypatch.undo()
    scene.start()
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}
    assert scene.counted("noctuary_notes_total", outcome="adopted") == 1


async def test_a_crash_before_the_post_writes_the_note_after_the_restart(scene: Scene) -> None:
    scene.pd.rules.add("hang", **POST, seconds=30)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors", alerts=[])
    await scene.until(lambda: scene.store.note(scene.account, incident.id))
    await scene.stop()
    scene.pd.rules.clear()
    scene.start()
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"from_email": None}, "spec.from"),
        ({"from_email": "nobody@example.com"}, "spec.from"),
    ],
)
async def test_a_refusal_names_the_setting_and_heals_when_the_record_changes(
    scene: Scene, change: dict[str, Any], words: str
) -> None:
    right = scene.records["one"]
    scene.route(**change)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.counted("noctuary_notes_total", outcome="refused"))
    assert words in str((await scene.state()).last_failure_reason)
    refused = len(calls(scene, "POST"))
    scene.route(from_email=right.from_email)
    await scene.until(lambda: scene.text(incident.id))
    assert len(calls(scene, "POST")) == refused + 1


async def test_a_refused_token_confirms_nothing_and_the_note_follows_when_it_is_replaced(scene: Scene) -> None:
    right = scene.records["one"]
    scene.route(api_token="wrong")
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: _told_of_failure(scene))
    reason = str((await scene.state()).last_failure_reason)
    assert "spec.apiTokenSecretRef" in reason
    assert "wrong" not in reason.replace("wrong host", "")
    assert calls(scene, "POST") == []
    scene.route(api_token=right.api_token)
    await scene.until(lambda: scene.text(incident.id))
    assert len(calls(scene, "POST")) == 1


async def _told_of_failure(scene: Scene) -> bool:
    return (await scene.state()).last_failure_reason is not None


async def test_a_refusal_from_before_a_restart_is_tried_again_after_it(scene: Scene) -> None:
    scene.route(from_email=None)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.counted("noctuary_notes_total", outcome="refused"))
    await scene.stop()
    scene.route(from_email="bot@example.com")
    scene.start()
    await scene.until(lambda: scene.text(incident.id))


async def test_a_note_for_a_host_that_may_not_be_asked_waits_until_the_setting_lets_it(scene: Scene) -> None:
    allowed = scene.http
    async with create_client(EgressPolicy(("api.pagerduty.com",), plain_http=True)) as scene.http:
        await started(scene)
        incident = scene.pd.trigger(scene.service, "Errors")
        await scene.until(lambda: _told_of_failure(scene))
        assert "NOCTUARY_EGRESS_HOSTS" in str((await scene.state()).last_failure_reason)
        assert scene.pd.calls == []
        await scene.stop()
    scene.http = allowed
    scene.start()
    await scene.until(lambda: scene.text(incident.id))


async def test_a_note_that_a_person_deleted_is_not_written_again(scene: Scene) -> None:
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    scene.pd.delete_note(incident, scene.pd.notes(incident.id)[0])
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.until(lambda: _failed(scene, incident.id))
    assert scene.pd.notes(incident.id) == []


async def _failed(scene: Scene, incident_id: str) -> bool:
    return (await note_row(scene, incident_id)).failed_reason == DELETED_BY_HAND


@pytest.mark.parametrize("headers", [True, False], ids=["with headers", "without headers"])
async def test_after_a_429_the_token_keeps_away_and_the_note_follows(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, *, headers: bool
) -> None:
    monkeypatch.setattr("noctuary.pagerduty.budget.DEFAULT_PAUSE_S", 0.8)
    monkeypatch.setattr("noctuary.pagerduty.budget.MAX_PAUSE_S", 0.8)
    scene.pd.rules.add("rate-limit", **POST, times=1, headers=headers, seconds=0.7)
    await started(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    assert scene.pd.violations == []


async def test_the_operator_is_told_when_a_note_was_written(scene: Scene) -> None:
    before = time.time()
    await started(scene)
    scene.pd.trigger(scene.service, "Errors")
    await scene.idle()
    assert ((await scene.state()).last_note_at or 0.0) >= before
    await scene.until(lambda: scene.counted("noctuary_note_seconds_count") == 1)
