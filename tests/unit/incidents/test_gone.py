"""An incident or an account that is gone ends the attempts at its notes, says so, and concerns nothing else."""

import pytest

from testbed.scene import Scene
from tests.unit.incidents.test_outbox import calls, started
from tests.unit.incidents.trust.test_turns import both_are_compared, both_know, two, writer


def gone(scene: Scene, status: int = 404, path: str = "/incidents/*/notes", **options: int) -> None:
    """Have POSTs of notes answered as if the incident or the account were gone."""
    scene.pd.rules.add("server-error", method="POST", path=path, status=status, **options)


async def given_up(scene: Scene, times: int = 1) -> bool:
    return scene.counted("noctuary_notes_total", outcome="gone") == times


async def test_an_incident_that_is_gone_is_tried_five_times_and_told(scene: Scene) -> None:
    await started(scene)
    gone(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: given_up(scene))
    scene.pd.rules.clear()
    scene.pd.acknowledge(incident.id, by=scene.bot)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.idle()
    assert len(calls(scene, "POST")) == 5
    assert "knows no such incident" in str((await scene.state()).last_failure_reason)


async def test_an_incident_that_shows_late_gets_its_note(scene: Scene) -> None:
    await started(scene)
    gone(scene, times=3)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert scene.counted("noctuary_notes_total", outcome="gone") == 0


async def test_one_incident_that_is_gone_takes_no_note_from_another(scene: Scene) -> None:
    await started(scene)
    lost = scene.pd.trigger(scene.service, "Errors", deliver=False)
    gone(scene, path=f"/incidents/{lost.id}/notes")
    scene.pd.acknowledge(lost.id, by=scene.bot)
    await scene.until(lambda: given_up(scene))
    other = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.text(other.id))


@pytest.mark.parametrize(("status", "posts"), [(404, 5), (402, 1)])
async def test_the_next_whose_token_is_shown_the_incident_writes_its_note(
    scene: Scene, status: int, posts: int
) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    await scene.until(lambda: both_are_compared(scene))  # a comparison that is answered has what was refused tried anew
    gone(scene, status, times=posts)
    incident = scene.pd.trigger(scene.service, "Errors")
    assert await writer(scene, incident) == "second"


async def test_where_nobody_is_shown_the_incident_each_gives_up_once(scene: Scene) -> None:
    await two(scene)
    await scene.until(lambda: both_know(scene))
    gone(scene)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: given_up(scene, 2))
    scene.pd.acknowledge(incident.id, by=scene.bot)
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.idle()
    assert len(calls(scene, "POST")) == 10


async def test_an_account_that_is_gone_is_asked_again_by_no_later_text(scene: Scene) -> None:
    await started(scene)
    gone(scene, 402)
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.counted("noctuary_notes_total", outcome="refused"))
    scene.pd.acknowledge(incident.id, by=scene.bot)

    async def is_wanted() -> bool:
        note = await scene.store.note(scene.account, incident.id)
        return note is not None and "Acknowledged" in note.text

    await scene.until(is_wanted)
    assert len(calls(scene, "POST")) == 1
    assert "the account's plan" in str((await scene.state()).last_failure_reason)
