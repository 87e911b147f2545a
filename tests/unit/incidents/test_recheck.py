"""Rechecks are claimed by one worker, and by nobody who no longer works."""

import asyncio
from typing import cast

import pytest

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary.incidents import recheck
from noctuary.incidents.later_looks import LaterLooks
from noctuary.incidents.recheck import Rechecks
from noctuary.store.changes import FinishRecheck, Mutation, ScheduleRecheck
from noctuary.store.rows import IncidentKey
from testbed.polling import until
from testbed.scene import QUICK, Scene


class QuickUpdater:
    """Finds nothing new, and ends the look."""

    def __init__(self, scene: Scene) -> None:
        self._store = scene.store

    async def recheck(self, account: str, incident_id: str, due_until: float) -> bool:
        await self._store.commit(FinishRecheck(account, incident_id, due_until))
        return False


class HangingUpdater(QuickUpdater):
    """Never comes to an end, as a cluster that does not answer."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.began = asyncio.Event()

    async def recheck(self, _account: str, _incident_id: str, _due_until: float) -> bool:
        self.began.set()
        await asyncio.Event().wait()
        return False


class OneHangingUpdater(HangingUpdater):
    """Hangs at one incident only."""

    async def recheck(self, account: str, incident_id: str, due_until: float) -> bool:
        hangs = incident_id == "Q0"
        looked = super().recheck if hangs else super(HangingUpdater, self).recheck
        return await looked(account, incident_id, due_until)


class FailingUpdater:
    """Fails at the first look, and knows when the last one is due."""

    async def recheck(self, _account: str, _incident_id: str, _due_until: float) -> bool:
        raise InvalidInput("services", "holds a name that is none", "remove it")

    async def next_look(self, account: str, incident_id: str) -> list[Mutation]:
        return [ScheduleRecheck(account, incident_id, clock.now() + 240)]


async def due(scene: Scene, after_s: float = 0.0) -> list[IncidentKey]:
    """Return what another worker would claim then, and leave it to others."""
    return await scene.store.claim_rechecks(100, 0.0, clock.now() + after_s)


def start(scene: Scene, updater: object) -> asyncio.Task[None]:
    rechecks = Rechecks(scene.store, scene.routing, cast("LaterLooks", updater), QUICK)
    return asyncio.create_task(rechecks.run())


async def test_a_worker_that_is_cancelled_leaves_all_it_had_claimed_to_others(scene: Scene) -> None:
    keys = [("a", f"Q{number}") for number in range(3)]
    await scene.store.commit(*(ScheduleRecheck(*key, at=0.0) for key in keys))
    updater = HangingUpdater(scene)
    worker = start(scene, updater)
    await updater.began.wait()
    worker.cancel()
    await asyncio.wait([worker])
    assert sorted(await scene.store.claim_rechecks(10, 60, clock.now())) == keys


async def test_after_a_storm_all_that_is_due_is_worked_off_without_a_pause(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "POLL_S", 3600)
    keys = [("a", f"Q{number}") for number in range(20 * recheck.AT_ONCE)]
    await scene.store.commit(*(ScheduleRecheck(*key, at=0.0) for key in keys))
    worker = start(scene, QuickUpdater(scene))

    async def left() -> int:  # a claim would be in the way of the worker
        return len(await scene.store._database.read(lambda c: c.execute("SELECT 1 FROM rechecks").fetchall()))

    await until("nothing is due", left, (0).__eq__)
    worker.cancel()
    await asyncio.wait([worker])


@pytest.mark.parametrize(("is_busy", "left"), [(False, [("a", "Q0")]), (True, [("a", f"Q{n}") for n in range(4)])])
async def test_a_look_that_hangs_holds_up_no_other_unless_first_answers_wait(
    scene: Scene, *, is_busy: bool, left: list[IncidentKey]
) -> None:
    keys = [("a", f"Q{number}") for number in range(4)]
    await scene.store.commit(*(ScheduleRecheck(*key, at=float(n)) for n, key in enumerate(keys)))
    updater = OneHangingUpdater(scene)
    rechecks = Rechecks(scene.store, scene.routing, cast("LaterLooks", updater), QUICK, lambda: is_busy)
    worker = asyncio.create_task(rechecks.run())
    await updater.began.wait()
    await asyncio.sleep(0.5)
    worker.cancel()
    await asyncio.wait([worker])
    assert sorted(await due(scene)) == left


async def test_when_an_earlier_look_fails_the_last_one_is_still_to_come(scene: Scene) -> None:
    await scene.store.commit(ScheduleRecheck("a", "Q0", at=0.0))
    worker = start(scene, FailingUpdater())
    await asyncio.sleep(0.5)
    worker.cancel()
    await asyncio.wait([worker])
    assert (await due(scene), await due(scene, 300)) == ([], [("a", "Q0")])


async def test_what_a_later_look_read_is_told_no_more_as_not_looked_at(scene: Scene) -> None:
    scene.pd.rules.add("hang", method="GET", path="/incidents/*/alerts", times=1, seconds=60)
    await scene.subscribe()
    scene.start()
    incident = scene.pd.trigger(scene.service, "Errors")
    await scene.until(lambda: "Not looked at: alerts" in scene.text(incident.id))
    await scene.until(lambda: "Not looked at: alerts" not in scene.text(incident.id))
