"""Visits: what waits for PagerDuty's word, or for a rival, is decided again when its time has come."""

import asyncio

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, NotReady, QuotaExceeded
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.slots import Slots, tenants_in
from noctuary.incidents.timings import Timings
from noctuary.incidents.updater import IncidentUpdater
from noctuary.incidents.waker import Waker
from noctuary.models.routing_record import RoutingRecord, Scope
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import FinishVisit, ScheduleVisit
from noctuary.store.interface import Store
from noctuary.store.rows import IncidentKey
from noctuary.store.shares import Work

log = structlog.get_logger()

AT_ONCE = 32
"""Most of a visit is waiting for PagerDuty; a tenant has half of them at most, so another's waits for none of its."""
Decisive = tuple[bool, str, str, str | None, str | None, Scope]
"""What of a record decides whether an incident can be confirmed, and who writes its note."""
RETRY_S = 30.0
"""After an error that is none of PagerDuty's."""


class _Decisive:
    """Tells which changes of records may decide a visit otherwise: what is mapped, and tokens of webhooks, do not."""

    def __init__(self, routing: RoutingDirectory) -> None:
        self._routing = routing
        self._known = {record.id: _decides(record) for record in routing}

    def __call__(self, integration_id: str) -> bool:
        """Tell it of a record that changed or went; what went is forgotten."""
        before = self._known.pop(integration_id, None)
        record = self._routing.get(integration_id)
        if record is None:
            return True
        self._known[integration_id] = _decides(record)
        return self._known[integration_id] != before


def _decides(record: RoutingRecord) -> Decisive:
    return record.suspend, record.direction, record.api_url, record.api_token, record.from_email, record.scope


def _nothing() -> None:
    """Visits are looked for at every poll."""


class Visits:
    """Works off the visits that were scheduled in the store; after a start and a change of the record they are due."""

    def __init__(self, store: Store, routing: RoutingDirectory, updater: IncidentUpdater, timings: Timings) -> None:
        self._store = store
        self._updater = updater
        self._timings = timings
        self._slots = Slots(AT_ONCE, AT_ONCE, tenants_in(routing))
        self._free = asyncio.Semaphore(AT_ONCE)
        self._ended = asyncio.Event()
        self._waker = Waker(
            routing, lambda _: True, store.integrations_with_visits, self._hasten, _nothing, _Decisive(routing)
        )

    def hasten(self, integration_id: str) -> None:
        """Have an integration's visits due at once."""
        self._waker.request(integration_id)

    async def run(self) -> None:
        """Visit until cancelled; each is claimed when its turn comes."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._free.acquire()
                self._ended.clear()
                has_more = await self._wake()
                key = await self._claim()
                if key is None:
                    self._free.release()
                    if has_more:
                        continue
                    await wait_until_set(self._ended, self._timings.poll_s)
                    continue
                self._slots.take(key[0])
                tasks.create_task(self._work(key))

    async def _claim(self) -> IncidentKey | None:
        try:
            claimed = await self._store.claim_visits(1, self._timings.lease_s, clock.now(), self._slots.share())
        except NotReady as error:
            log.warning("Visits cannot be read", error=str(error))
            return None
        return claimed[0] if claimed else None

    async def _wake(self) -> bool:
        """Have some visits due now whose record changed: a token may be accepted that was refused."""
        try:
            return await self._waker.turn()
        except NotReady as error:
            log.warning("Visits cannot be woken", error=str(error))
            return False

    async def _hasten(self, integration_id: str, limit: int) -> int:
        return await self._store.hasten_visits(integration_id, clock.now(), limit)

    async def _work(self, key: IncidentKey) -> None:
        try:
            await self._visit(*key)
        finally:
            await self._store.release(Work.VISIT, *key)
            self._slots.give_back(key[0])
            self._free.release()
            self._ended.set()

    async def _visit(self, integration_id: str, incident_id: str) -> None:
        began_at = clock.now()
        try:
            await self._updater.visit(integration_id, incident_id, began_at)
        except QuotaExceeded as error:
            log.warning("Visit failed, retrying later", incident=incident_id, error=str(error))
            await self._later(integration_id, incident_id)
        except NotReady as error:
            log.warning("Visit failed, retrying", incident=incident_id, error=str(error))
            await asyncio.sleep(self._timings.poll_s)
        except NoctuaryError as error:
            log.warning("Visit failed, retrying later", incident=incident_id, error=str(error))
            await self._later(integration_id, incident_id)
        except Exception:
            log.exception("Visit failed, retrying later", incident=incident_id)
            await self._later(integration_id, incident_id)

    async def _later(self, integration_id: str, incident_id: str) -> None:
        at = clock.now() + RETRY_S
        try:
            await self._store.commit(
                FinishVisit(integration_id, incident_id), ScheduleVisit(integration_id, incident_id, at)
            )
        except NoctuaryError as error:
            log.warning("Visit cannot be put off", incident=incident_id, error=str(error))
