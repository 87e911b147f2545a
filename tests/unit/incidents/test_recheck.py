"""Rechecks are claimed by one worker, and by nobody who no longer works."""

import asyncio
from typing import cast

import pytest

from noctuary.common import clock
from noctuary.incidents import recheck
from noctuary.incidents.recheck import Rechecks
from noctuary.incidents.updater import IncidentUpdater
from noctuary.store.interface import ScheduleRecheck
from testbed.polling import until
from testbed.scene import QUICK, Scene


class QuickUpdater:
    """Finds nothing new."""

    async def recheck(self, _account: str, _incident_id: str) -> bool:
        return False


class HangingUpdater:
    """Never comes to an end, as a cluster that does not answer."""

    def __init__(self) -> None:
        self.began = asyncio.Event()

    async def recheck(self, _account: str, _incident_id: str) -> bool:
        self.began.set()
        await asyncio.Event().wait()
        return False


async def test_a_worker_that_is_cancelled_leaves_all_it_had_claimed_to_others(scene: Scene) -> None:
    keys = [("a", f"Q{number}") for number in range(3)]
    await scene.store.commit(*(ScheduleRecheck(*key, at=0.0) for key in keys))
    updater = HangingUpdater()
    worker = asyncio.create_task(Rechecks(scene.store, cast("IncidentUpdater", updater), QUICK).run())
    await updater.began.wait()
    worker.cancel()
    await asyncio.wait([worker])
    assert sorted(await scene.store.claim_rechecks(10, 60, clock.now())) == keys


async def test_after_a_storm_all_that_is_due_is_worked_off_without_a_pause(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "POLL_S", 3600)
    keys = [("a", f"Q{number}") for number in range(3 * recheck.BATCH)]
    await scene.store.commit(*(ScheduleRecheck(*key, at=0.0) for key in keys))
    worker = asyncio.create_task(Rechecks(scene.store, cast("IncidentUpdater", QuickUpdater()), QUICK).run())

    async def left() -> int:
        return len(await scene.store.claim_rechecks(1, 0.0, clock.now()))

    await until("nothing is due", left, (0).__eq__)
    worker.cancel()
    await asyncio.wait([worker])
