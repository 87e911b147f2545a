"""The recheck: an alert can be faster than the cluster's own reports, so evidence is gathered once more."""

import asyncio

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, NotReady
from noctuary.incidents.timings import Timings
from noctuary.incidents.updater import IncidentUpdater
from noctuary.store.interface import FinishRecheck, IncidentKey, Store, Work

log = structlog.get_logger()

POLL_S = 1.0
BATCH = 32
"""Rechecks claimed at once; they run one after the other, behind the first answers of new incidents."""


class Rechecks:
    """Works off the rechecks that the updater scheduled in the store, whichever process did."""

    def __init__(self, store: Store, updater: IncidentUpdater, timings: Timings) -> None:
        self._store = store
        self._updater = updater
        self._timings = timings

    async def run(self) -> None:
        """Recheck until cancelled."""
        while True:
            claimed = await self._claim()
            has_more = len(claimed) == BATCH
            await self._work_off(claimed)
            if not has_more:
                await asyncio.sleep(POLL_S)

    async def _work_off(self, claimed: list[IncidentKey]) -> None:
        try:
            while claimed:
                await self._recheck(*claimed[0])
                del claimed[0]
        finally:  # whoever is cancelled keeps nothing from others
            for key in claimed:
                await self._store.release(Work.RECHECK, *key)

    async def _claim(self) -> list[IncidentKey]:
        try:
            return await self._store.claim_rechecks(BATCH, self._timings.lease_s, clock.now())
        except NotReady as error:
            log.warning("Rechecks cannot be read", error=str(error))
            return []

    async def _recheck(self, account: str, incident_id: str) -> None:
        began_at = clock.now()
        try:
            if await self._updater.recheck(account, incident_id):
                log.info("Evidence improved", incident=incident_id)
            await self._store.commit(FinishRecheck(account, incident_id, began_at))
        except NotReady as error:
            log.warning("Recheck failed, retrying", incident=incident_id, error=str(error))
            await self._store.release(Work.RECHECK, account, incident_id)
            await asyncio.sleep(POLL_S)
        except NoctuaryError as error:
            log.warning("Recheck failed, keeping the first answer", incident=incident_id, error=str(error))
            await self._give_up(account, incident_id, began_at)
        except Exception:
            log.exception("Recheck failed, keeping the first answer", incident=incident_id)
            await self._give_up(account, incident_id, began_at)

    async def _give_up(self, account: str, incident_id: str, began_at: float) -> None:
        try:
            await self._store.commit(FinishRecheck(account, incident_id, began_at))
        except NotReady as error:
            log.warning("Recheck cannot be ended", incident=incident_id, error=str(error))
