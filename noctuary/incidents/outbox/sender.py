"""The outbox: brings every wanted note to PagerDuty, exactly one per incident, whatever is lost or killed."""

import asyncio

import structlog

from noctuary.common import clock
from noctuary.common.errors import NotReady, OutcomeUnknown, PagerDutyError, PagerDutyUnavailable, StoreUnavailable
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.outbox.delivery import NoteDelivery
from noctuary.incidents.outbox.rows import NoteRows, key_of
from noctuary.incidents.slots import Slots, tenants_in
from noctuary.incidents.timings import Timings
from noctuary.incidents.waker import Waker
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import NoteKey, Store, Work

log = structlog.get_logger()

MAX_AT_ONCE = 128
"""Notes sent side by side: the token's budget bounds the calls further."""
MAX_OF_ONE = 16
"""Of them of one integration: twice the calls that its token may make at once."""
STORE_PAUSE_S = 1.0
"""Nothing is claimed for so long after the store could not write: what is sent could not be recorded."""


class NoteSender:
    """Sends what the outbox asks for; `wake` is set when there may be something to do."""

    def __init__(
        self, store: Store, routing: RoutingDirectory, rows: NoteRows, delivery: NoteDelivery, timings: Timings
    ) -> None:
        self.wake = asyncio.Event()
        self._store = store
        self._routing = routing
        self._rows = rows
        self._delivery = delivery
        self._timings = timings
        self._slots = Slots(MAX_AT_ONCE, MAX_OF_ONE, tenants_in(routing))
        self._sending: set[NoteKey] = set()
        self._is_store_down = False
        self._waker = Waker(
            routing,
            lambda record: not _is_held(record),
            store.integrations_with_notes_due,
            lambda integration_id, limit: store.wake_notes(integration_id, clock.now(), limit),
            self.wake.set,
        )

    async def run(self) -> None:
        """Send until cancelled; a note whose POST is cut off then counts as uncertain at the next start."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self.wake.clear()
                    await self._let_store_recover()
                    has_more = await self._wake_changed()
                    rows = await self._claim()
                    for row in rows:
                        tasks.create_task(self._send(row))
                    if not rows and not has_more:
                        await wait_until_set(self.wake, self._timings.poll_s)
        finally:
            for key in self._sending:  # those too whose task never began
                await self._store.release(Work.NOTE, *key)

    async def _let_store_recover(self) -> None:
        if self._is_store_down:
            self._is_store_down = False
            await asyncio.sleep(STORE_PAUSE_S)

    async def _claim(self) -> list[NoteRow]:
        if self._slots.free <= 0:
            return []
        try:
            rows = await self._store.claim_notes(
                self._slots.free, self._timings.lease_s, clock.now(), self._slots.share()
            )
        except NotReady as error:
            log.warning("Outbox cannot be read", error=str(error))
            return []
        rows = [row for row in rows if key_of(row) not in self._sending]  # a claim of ours may have outlived its lease
        for row in rows:
            self._sending.add(key_of(row))
            self._slots.take(row.integration_id)
        return rows

    async def _send(self, row: NoteRow) -> None:
        again_at = 0.0
        try:
            await self._advance(row)
        except StoreUnavailable as error:
            log.warning("Outbox cannot be written", incident=row.incident_id, error=str(error))
            self._is_store_down = True
        except NotReady as error:
            log.warning("Note was written by others meanwhile", incident=row.incident_id, error=str(error))
            again_at = clock.now() + self._timings.backoff.first_s
        finally:
            self._sending.discard(key_of(row))
            self._slots.give_back(row.integration_id)
            await self._store.release(Work.NOTE, *key_of(row), until=again_at)
            self.wake.set()

    async def _advance(self, row: NoteRow) -> None:
        """Do the one thing that is due for a note."""
        record = self._routing.get(row.integration_id)
        if record is None or _is_held(record):
            await self._hold(row)
            return
        try:
            await self._delivery.advance(record, row)
        except OutcomeUnknown as error:
            await self._rows.record_uncertain(row, error)
        except PagerDutyUnavailable as error:
            await self._rows.record_unavailable(row, error)
        except PagerDutyError as error:
            await self._rows.record_refusal(record, row, error)
            if self._routing.get(record.id) is not record:  # it was mended while PagerDuty refused it
                self._waker.request(record.id)
        except NotReady:
            raise
        except Exception as error:
            log.exception("Note could not be sent, retrying", incident=row.incident_id)
            await self._rows.record_broken(record, row, error)

    async def _hold(self, row: NoteRow) -> None:
        """Have a note wait for its integration; should that have come back meanwhile, nobody else wakes it."""
        await self._rows.postpone(row, self._timings.held_s)
        self._waker.request_if_back(row.integration_id)

    async def _wake_changed(self) -> bool:
        """Have some notes due that waited for an integration that changed; tell whether there are more."""
        try:
            return await self._waker.turn()
        except NotReady as error:
            log.warning("Notes cannot be woken", error=str(error))
            self._is_store_down = True
            return False


def _is_held(record: RoutingRecord) -> bool:
    return record.suspend or not record.writes_notes
