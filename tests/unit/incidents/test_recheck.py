"""Rechecks are claimed by one worker, and by nobody who no longer works."""

import asyncio
from typing import cast

from noctuary.common import clock
from noctuary.incidents.recheck import Rechecks
from noctuary.incidents.updater import IncidentUpdater
from noctuary.store.interface import ScheduleRecheck
from testbed.scene import QUICK, Scene


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
