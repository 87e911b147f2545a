"""The second look: an alert can be faster than the cluster's own reports, so evidence is gathered once more."""

import asyncio
import heapq

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, StoreUnavailable
from noctuary.incidents.updater import IncidentUpdater
from noctuary.models.incident import IncidentRow
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Store

log = structlog.get_logger()

POLL_S = 1.0
MAX_WAITING = 10_000
"""In a storm beyond this the first answers stand."""


class Rechecks:
    """Remembers which incidents to look at again; after a restart the young ones are taken from the store."""

    def __init__(self, store: Store, routing: RoutingDirectory, updater: IncidentUpdater, after_s: float) -> None:
        self._store = store
        self._routing = routing
        self._updater = updater
        self._after_s = after_s
        self._waiting: list[tuple[float, str, str]] = []
        updater.on_new = self._ask

    async def run(self) -> None:
        """Look again until cancelled."""
        await self._remember()
        while True:
            while self._waiting and self._waiting[0][0] <= clock.now():
                _, account, incident_id = heapq.heappop(self._waiting)
                await self._look(account, incident_id)
            await asyncio.sleep(POLL_S)

    def _ask(self, row: IncidentRow) -> None:
        if row.status != "resolved" and len(self._waiting) < MAX_WAITING:
            heapq.heappush(self._waiting, (clock.now() + self._after_s, row.account, row.incident_id))

    async def _remember(self) -> None:
        try:
            for integration in self._routing:
                for row in await self._store.open_incidents(integration.record.id):
                    if row.triggered_at > clock.now() - self._after_s:
                        self._ask(row)
        except StoreUnavailable as error:
            log.warning("Second looks from before the start are left out", problem=str(error))

    async def _look(self, account: str, incident_id: str) -> None:
        try:
            if await self._updater.recheck(account, incident_id):
                log.info("Evidence improved", incident=incident_id)
        except NoctuaryError as error:
            log.warning("Second look failed, the first answer stands", incident=incident_id, problem=str(error))
        except Exception:
            log.exception("Second look failed, the first answer stands", incident=incident_id)
