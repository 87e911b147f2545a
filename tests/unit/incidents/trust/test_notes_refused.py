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
    refused_at = (await scene.state()).last_failure_at or 0.0

    async def is_compared() -> bool:
        scene.backfill()
        return ((await scene.state()).compared_until or 0.0) > refused_at  # each has the note tried, and refused, anew

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


async def _refused_notes(scene: Scene, number: int, refusal: str) -> list[Incident]:
    """Have so many notes refused, which wait then."""
    if refusal == "From":
        scene.route(from_email="later@example.com")
    else:
        scene.pd.rules.add("server-error", path="/incidents/*/notes", status=int(refusal))
    await scene.subscribe()
    scene.start()
    incidents = [scene.pd.trigger(scene.service, f"Errors {n}") for n in range(number)]
    await _have_been_refused(scene, number)
    return incidents


async def _have_been_refused(scene: Scene, number: int) -> None:
    await scene.until(lambda: scene.counted("noctuary_notes_total", outcome="refused") >= number)
    assert scene.counted("noctuary_notes_total", outcome="refused") == number


def _lift(scene: Scene) -> None:
    scene.pd.rules.clear()
    scene.pd.add_user("Later", "later@example.com")


@pytest.mark.parametrize("refusal", ["402", "403", "From"])
async def test_what_waits_is_written_after_a_comparison_once_the_rights_are_back(scene: Scene, refusal: str) -> None:
    incidents = await _refused_notes(scene, 3, refusal)
    _lift(scene)
    scene.backfill()
    await scene.until(lambda: all(scene.text(each.id) for each in incidents))


@pytest.mark.parametrize("refusal", ["402", "403", "From"])
async def test_what_waits_is_written_once_another_note_is_accepted(scene: Scene, refusal: str) -> None:
    incidents = await _refused_notes(scene, 3, refusal)
    _lift(scene)
    incidents.append(scene.pd.trigger(scene.service, "New"))
    await scene.until(lambda: all(scene.text(each.id) for each in incidents))


async def test_a_comparison_tries_one_of_those_that_are_refused(scene: Scene) -> None:
    await _refused_notes(scene, 5, "403")
    for refused in (6, 7):
        scene.backfill()
        await _have_been_refused(scene, refused)


async def test_notes_that_are_accepted_do_not_each_try_one_that_is_refused(scene: Scene) -> None:
    await scene.subscribe()
    scene.start()
    of_others = scene.pd.trigger(scene.service, "Of another team", deliver=False)
    scene.pd.rules.add("server-error", path=f"/incidents/{of_others.id}/notes", status=403)
    scene.pd.acknowledge(of_others.id, by=scene.bot)
    await _have_been_refused(scene, 1)
    incidents = [scene.pd.trigger(scene.service, f"Errors {number}") for number in range(3)]
    await scene.until(lambda: all(scene.text(each.id) for each in incidents))
    await _have_been_refused(scene, 2)
