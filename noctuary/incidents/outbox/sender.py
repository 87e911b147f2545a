"""The outbox: brings every wanted note to PagerDuty, exactly one per incident, whatever is lost or killed."""

import asyncio

import structlog

from noctuary.common import clock
from noctuary.common.errors import NotReady, OutcomeUnknown, PagerDutyError, PagerDutyUnavailable
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.outbox.delivery import NoteDelivery
from noctuary.incidents.outbox.rows import NoteRows, key_of
from noctuary.incidents.timings import Timings
from noctuary.models.incident import NoteRow
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import NoteKey, Store, Work

log = structlog.get_logger()

MAX_AT_ONCE = 32
"""Notes sent side by side: the token's budget bounds the calls further."""
MAX_BLOCKED = 10_000
"""Refused notes that are retried at a start; the others wait for their time."""


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
        self._sending: set[NoteKey] = set()
        self._blocked: dict[str, set[NoteKey]] = {}
        self._changed: set[str] = set()
        routing.subscribe(self._on_record_change)

    async def run(self) -> None:
        """Send until cancelled; a note whose POST is cut off then counts as uncertain at the next start."""
        await self._unblock_after_start()
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self.wake.clear()
                    rows = await self._claim()
                    for row in rows:
                        tasks.create_task(self._send(row))
                    if not rows:
                        await wait_until_set(self.wake, self._timings.poll_s)
        finally:
            for key in self._sending:
                await self._store.release(Work.NOTE, *key)

    async def _claim(self) -> list[NoteRow]:
        room = MAX_AT_ONCE - len(self._sending)
        if room <= 0:
            return []
        try:
            await self._unblock_changed()
            rows = await self._store.claim_notes(room, self._timings.lease_s, clock.now())
        except NotReady as error:
            log.warning("Outbox cannot be read", error=str(error))
            return []
        rows = [row for row in rows if key_of(row) not in self._sending]  # a claim of ours may have outlived its lease
        self._sending.update(key_of(row) for row in rows)
        return rows

    async def _send(self, row: NoteRow) -> None:
        try:
            await self._advance(row)
        except NotReady as error:
            log.warning("Outbox cannot be written", incident=row.incident_id, error=str(error))
            await asyncio.sleep(self._timings.backoff.first_s)
        except Exception:
            log.exception("Note could not be sent, retrying", incident=row.incident_id)
            await asyncio.sleep(self._timings.backoff.longest_s)
        await self._store.release(Work.NOTE, *key_of(row))
        self._sending.discard(key_of(row))
        self.wake.set()

    async def _advance(self, row: NoteRow) -> None:
        """Do the one thing that is due for a note."""
        record = self._routing.get(row.integration_id)
        if record is None or record.suspend or not record.writes_notes:
            self._block(row)
            await self._rows.postpone(row, self._timings.held_s)
            return
        try:
            await self._delivery.advance(record, row)
        except OutcomeUnknown as error:
            await self._rows.record_uncertain(row, error)
        except PagerDutyUnavailable as error:
            await self._rows.record_unavailable(row, error)
        except PagerDutyError as error:
            if await self._rows.record_refusal(record, row, error):
                self._block(row)

    def _block(self, row: NoteRow) -> None:
        """Remember what may be sent as soon as its integration changes."""
        self._blocked.setdefault(row.integration_id, set()).add(key_of(row))

    def _on_record_change(self, integration_id: str) -> None:
        self._changed.add(integration_id)
        self.wake.set()

    async def _unblock_changed(self) -> None:
        while self._changed:
            integration_id = next(iter(self._changed))
            for account, incident_id in list(self._blocked.get(integration_id, ())):
                row = await self._store.note(account, incident_id)
                if row is not None:
                    await self._rows.postpone(row, 0.0)
            self._changed.discard(integration_id)
            self._blocked.pop(integration_id, None)

    async def _unblock_after_start(self) -> None:
        """Retry what was refused before we started: the record may have changed meanwhile."""
        try:
            for row in await self._store.refused_notes(clock.now(), MAX_BLOCKED):
                await self._rows.postpone(row, 0.0)
        except NotReady as error:
            log.warning("Refused notes wait for their next attempt", error=str(error))
