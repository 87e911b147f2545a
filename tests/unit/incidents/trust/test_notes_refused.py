"""A token that PagerDuty lets read and refuses for notes only: its integration says so until a note is written."""

import pytest

from noctuary.incidents.trust.refusals import Refusals
from noctuary.models.reports import Refusal
from testbed.pagerduty.account.model import Incident
from testbed.scene import Scene


async def refusal(scene: Scene) -> Refusal | None:
    """Return what the integration's condition tells."""
    return Refusals().current(await scene.state())


async def refused_and_compared(scene: Scene, status: int) -> Incident:
    """Have a note refused, and a comparison with PagerDuty's list answered after it."""
    scene.pd.rules.add("server-error", path="/incidents/*/notes", status=status)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: scene.counted("noctuary_notes_total", outcome="refused"))

    async def is_compared() -> bool:
        scene.backfill()
        state = await scene.state()
        return (state.compared_until or 0.0) > (state.last_failure_at or 0.0)

    await scene.until(is_compared)
    return incident


@pytest.mark.parametrize("status", [401, 403])
async def test_reads_that_are_answered_do_not_end_a_refusal_of_notes(scene: Scene, status: int) -> None:
    await refused_and_compared(scene, status)
    told = await refusal(scene)
    assert told is not None
    assert told.of == "token"
    assert told.message.startswith(f"no note can be written: PagerDuty answered {status}")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_note_that_is_written_ends_it(scene: Scene, status: int) -> None:
    incident = await refused_and_compared(scene, status)
    scene.pd.rules.clear()
    assert scene.pipeline is not None
    scene.pipeline.sender.hasten("one")
    await scene.until(lambda: scene.text(incident.id))
    await scene.idle()
    assert await refusal(scene) is None
