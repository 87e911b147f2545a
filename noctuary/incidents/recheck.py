"""The recheck: an alert can be faster than the cluster's own reports, so evidence is gathered once more."""

import asyncio
from collections.abc import Callable

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, NotReady, QuotaExceeded
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.later_looks import LaterLooks
from noctuary.incidents.slots import Slots, tenants_in
from noctuary.incidents.timings import Timings
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import FinishRecheck
from noctuary.store.interface import Store
from noctuary.store.rows import IncidentKey
from noctuary.store.shares import Work

log = structlog.get_logger()

POLL_S = 1.0
AT_ONCE = 16
"""Rechecks that run side by side, of which an integration has three and a tenant five while others have none: one that
waits for a slow cluster holds up few others, and first answers none."""
BUSY_POLL_S = 0.1
"""How often it is asked whether new incidents still take all there is."""


def _never() -> bool:
    return False


class Rechecks:
    """Works off the rechecks that the updater scheduled in the store, whichever process did.

    While `is_busy`, because new incidents wait for their first answer, only one runs at a time.
    """

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        looks: LaterLooks,
        timings: Timings,
        is_busy: Callable[[], bool] = _never,
    ) -> None:
        self._store = store
        self._looks = looks
        self._timings = timings
        self._is_busy = is_busy
        self._slots = Slots(AT_ONCE, AT_ONCE, tenants_in(routing))
        self._free = asyncio.Semaphore(AT_ONCE)
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Recheck until cancelled; each is claimed when its turn comes, of each tenant and integration some."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._free.acquire()
                while self._slots.free < AT_ONCE and self._is_busy():  # noqa: ASYNC110 - nobody tells when the storm is over
                    await asyncio.sleep(BUSY_POLL_S)
                self._ended.clear()
                key = await self._claim()
                if key is None:
                    self._free.release()
                    await wait_until_set(self._ended, POLL_S)
                    continue
                self._slots.take(key[0])
                tasks.create_task(self._work(key))

    async def _work(self, key: IncidentKey) -> None:
        try:
            await self._recheck(*key)
        finally:  # whoever is cancelled keeps nothing from others; what is finished is claimed no more
            await self._store.release(Work.RECHECK, *key)
            self._slots.give_back(key[0])
            self._free.release()
            self._ended.set()

    async def _claim(self) -> IncidentKey | None:
        try:
            claimed = await self._store.claim_rechecks(1, self._timings.lease_s, clock.now(), self._slots.share())
        except NotReady as error:
            log.warning("Rechecks cannot be read", error=str(error))
            return None
        return claimed[0] if claimed else None

    async def _recheck(self, integration_id: str, incident_id: str) -> None:
        began_at = clock.now()
        try:
            if await self._looks.recheck(integration_id, incident_id, began_at):
                log.info("Evidence improved", incident=incident_id)
        except QuotaExceeded as error:
            log.warning("Recheck failed, keeping the answer", incident=incident_id, error=str(error))
            await self._give_up(integration_id, incident_id, began_at)
        except NotReady as error:
            log.warning("Recheck failed, retrying", incident=incident_id, error=str(error))
            await asyncio.sleep(POLL_S)
        except NoctuaryError as error:
            log.warning("Recheck failed, keeping the answer", incident=incident_id, error=str(error))
            await self._give_up(integration_id, incident_id, began_at)
        except Exception:
            log.exception("Recheck failed, keeping the answer", incident=incident_id)
            await self._give_up(integration_id, incident_id, began_at)

    async def _give_up(self, integration_id: str, incident_id: str, began_at: float) -> None:
        """End this look; the last one is still to come, if this was an earlier one."""
        try:
            next_look = await self._looks.next_look(integration_id, incident_id)
            await self._store.commit(FinishRecheck(integration_id, incident_id, began_at), *next_look)
        except NoctuaryError as error:
            log.warning("Recheck cannot be ended", incident=incident_id, error=str(error))
