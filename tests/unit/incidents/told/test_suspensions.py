"""What ended during a suspension without a note gets none, whoever tells of it first; all else that was missed does."""

import time
from datetime import UTC, datetime

import pytest

from noctuary.models.suspension import Suspension, was_suspended
from noctuary.store.changes import FinishRecheck
from testbed.scene import Scene

BEGAN_S, ENDED_S = 600.0, 60.0
"""A suspension, in seconds before now."""
LIVES: dict[str, tuple[float, float | None, bool]] = {
    "came and went meanwhile": (300.0, 200.0, False),
    "came and went before": (900.0, 700.0, True),
    "is still open": (300.0, None, True),
    "came meanwhile and went after it": (300.0, 30.0, True),
    "came and went after it": (50.0, 30.0, True),
}
"""Of an incident: when it came and went, in seconds before now, and whether it gets a note."""


def ago(seconds: float) -> datetime:
    return datetime.fromtimestamp(time.time() - seconds, UTC)


def lived(scene: Scene, monkeypatch: pytest.MonkeyPatch, came_s: float, went_s: float | None) -> str:
    """Have an incident come and go in the past; whoever is subscribed is told now."""
    incident = scene.pd.trigger(scene.service, "Errors", at=ago(came_s))
    if went_s is not None:
        with monkeypatch.context() as dated:
            dated.setattr(scene.pd.clock, "now", lambda: ago(went_s))
            scene.pd.resolve(incident.id, by=scene.bot)
    return incident.id


async def settled(scene: Scene) -> None:
    async def is_compared() -> bool:
        state = await scene.store.integration_state("one")
        return state is not None and state.compared_until is not None

    await scene.until(is_compared)
    await scene.idle()


@pytest.mark.parametrize("told_by", ["webhooks", "the comparison", "both at once"])
@pytest.mark.parametrize(("came_s", "went_s", "is_noted"), LIVES.values(), ids=LIVES)
async def test_only_what_went_meanwhile_gets_no_note(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, told_by: str, came_s: float, went_s: float | None, is_noted: bool
) -> None:
    suspension = Suspension(time.time() - BEGAN_S, time.time() - ENDED_S)
    scene.route(created_at=time.time() - 7200, suspensions=[suspension])
    if told_by != "the comparison":
        await scene.subscribe()
    if told_by == "webhooks":
        scene.start()
        await settled(scene)
    incident_id = lived(scene, monkeypatch, came_s, went_s)
    await scene.pd.drained()
    if told_by != "webhooks":
        scene.start()
        await settled(scene)
    await scene.idle()
    assert (await scene.incident(incident_id)).confirmed_at is not None
    assert bool(scene.text(incident_id)) == is_noted


async def ended(scene: Scene) -> None:
    """End the pipeline, and what it had on its way into the store: nothing of it comes after the next one's start."""
    await scene.stop()
    await scene.store.commit(FinishRecheck("none", "none"))


@pytest.mark.parametrize("restart", ["none", "over the resume", "right after it"])
@pytest.mark.parametrize("is_told", [True, False])
async def test_a_restart_changes_nothing_of_what_went_during_a_suspension(
    scene: Scene, restart: str, is_told: bool
) -> None:
    await scene.subscribe()
    scene.route(suspend=True)
    scene.start()
    went, stays = (scene.pd.trigger(scene.service, "Errors", at=ago(60), deliver=is_told).id for _ in range(2))
    scene.pd.resolve(went, by=scene.bot, deliver=is_told)
    await scene.pd.drained()
    if restart == "over the resume":
        await ended(scene)
    scene.route(suspend=False)
    if restart == "right after it":
        await ended(scene)
    if restart != "none":
        scene.start()
    await scene.until(lambda: scene.text(stays))
    await settled(scene)
    assert (await scene.incident(went)).confirmed_at is not None
    assert scene.pd.notes(went) == []


async def test_what_comes_and_goes_right_after_a_suspension_gets_its_note(scene: Scene) -> None:
    await scene.subscribe()
    scene.route(suspend=True)
    scene.route(suspend=False)
    incident = scene.pd.trigger(scene.service, "Errors")
    scene.pd.resolve(incident.id, by=scene.bot)
    await scene.pd.drained()
    scene.start()
    await scene.until(lambda: scene.text(incident.id))


@pytest.mark.parametrize(
    ("at", "now", "is_so"),
    [(98.0, 300.0, True), (97.0, 300.0, False), (199.9, 300.0, True), (200.0, 300.0, False), (150.0, 197.0, False)],
    ids=["told by a list", "before", "meanwhile", "right after it, told to the millisecond", "ended ahead of now"],
)
def test_a_time_is_of_a_suspension_as_far_as_clocks_tell(at: float, now: float, is_so: bool) -> None:
    assert was_suspended([Suspension(99.5, 200.0005)], at, now) == is_so
