import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from noctuary.models.routing_record import Scope
from testbed.scene import Scene


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


async def test_an_incident_whose_webhook_never_came_gets_its_note(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Missed", at=ago(120), deliver=False)
    scene.start()
    await scene.idle()
    await scene.until(lambda: scene.text(incident.id))
    assert scene.counted("noctuary_incidents_found_by_comparison_total") == 1


async def test_an_outbound_integration_lives_by_the_comparison_alone(scene: Scene) -> None:
    scene.route(direction="outbound")
    incident = scene.pd.trigger(scene.service, "Fresh", deliver=False)
    scene.start()
    await scene.until(lambda: scene.text(incident.id))


async def test_what_was_missed_during_a_suspension_is_caught_up_with_when_it_ends(scene: Scene) -> None:
    scene.route(suspend=True)
    scene.start()
    incident = scene.pd.trigger(scene.service, "Missed", at=ago(120), deliver=False)
    await asyncio.sleep(0.3)
    assert scene.pd.calls == []
    scene.route(suspend=False)
    await scene.until(lambda: scene.text(incident.id))


async def test_an_incident_that_came_and_went_in_between_is_found_resolved(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Missed", at=ago(120), deliver=False)
    scene.pd.resolve(incident.id, by=scene.bot, deliver=False)
    scene.start()
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))


async def test_a_missed_resolution_is_found(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors", at=ago(60))
    await scene.idle()
    scene.pd.resolve(incident.id, by=scene.bot, deliver=False)
    scene.backfill()
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_an_open_incident_older_than_the_list_is_read_by_itself(scene: Scene) -> None:
    scene.route(created_at=time.time() - 7200)
    incident = scene.pd.trigger(scene.service, "Old", at=ago(3600), deliver=False)
    scene.start()
    await scene.until(lambda: scene.text(incident.id))
    scene.pd.resolve(incident.id, by=scene.bot, deliver=False)
    await scene.until(lambda: _compared(scene))
    scene.backfill()
    await scene.until(lambda: scene.text(incident.id).startswith("Resolved after"))
    assert f"/incidents/{incident.id}" in [call.path for call in scene.pd.calls]


async def _compared(scene: Scene) -> bool:
    state = await scene.store.integration_state("one")
    return state is not None and state.compared_until is not None


async def test_what_happened_before_the_integration_existed_is_not_touched(scene: Scene) -> None:
    incident = scene.pd.trigger(scene.service, "Before", at=ago(3600), deliver=False)
    scene.start()
    await scene.until(lambda: _compared(scene))
    assert scene.pd.note_counts() == {incident.id: 0}


async def test_only_the_scope_is_compared(scene: Scene) -> None:
    other = scene.pd.add_service("other")
    scene.route(scope=Scope("service", scene.service))
    mine = scene.pd.trigger(scene.service, "Mine", at=ago(60), deliver=False)
    theirs = scene.pd.trigger(other, "Theirs", at=ago(60), deliver=False)
    scene.start()
    await scene.until(lambda: scene.text(mine.id))
    assert scene.pd.notes(theirs.id) == []


async def test_several_pages_are_read(scene: Scene) -> None:
    incidents = [scene.pd.trigger(scene.service, f"I{i}", at=ago(300 - i), deliver=False) for i in range(120)]
    scene.route(direction="inbound")
    scene.start()
    await scene.until(lambda: _compared(scene))
    assert all([await scene.store.incident("one", incident.id) for incident in incidents])


async def test_the_paging_wall_is_passed_by_narrowing_the_range(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noctuary.pagerduty.client.PAGE_SIZE", 5)
    monkeypatch.setattr("noctuary.pagerduty.client.PAGING_WALL", 15)
    incidents = [scene.pd.trigger(scene.service, f"I{i}", at=ago(300 - i), deliver=False) for i in range(40)]
    scene.route(direction="inbound")
    scene.start()
    await scene.until(lambda: _compared(scene))
    assert all([await scene.store.incident("one", incident.id) for incident in incidents])


async def test_after_a_lost_store_the_note_that_stands_there_is_adopted(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors", at=ago(60))
    await scene.idle()
    await scene.stop()
    statements = ("DELETE FROM incidents", "DELETE FROM notes", "DELETE FROM facts")
    await scene.store._database.write(lambda c: [c.execute(statement) for statement in statements])
    scene.start()
    await scene.until(lambda: scene.counted("noctuary_notes_total", outcome="adopted"))
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1}


async def test_a_webhook_and_the_comparison_at_once_make_one_note(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()
    incidents = [scene.pd.trigger(scene.service, f"I{i}", at=ago(60)) for i in range(10)]
    scene.backfill()
    await scene.idle()
    assert scene.pd.note_counts() == {incident.id: 1 for incident in incidents}


async def test_a_refused_comparison_is_told_to_the_operator(scene: Scene) -> None:
    scene.route(api_token="nonsense")
    scene.start()
    await scene.until(lambda: _failure(scene))
    assert "spec.apiTokenSecretRef" in str((await scene.state()).last_failure_reason)


async def _failure(scene: Scene) -> bool:
    state = await scene.store.integration_state("one")
    return state is not None and state.last_failure_reason is not None
