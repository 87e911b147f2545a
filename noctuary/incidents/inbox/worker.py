"""Processes the webhooks of the inbox: each updates its incident, in effect exactly once."""

import asyncio
from collections.abc import Sequence

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, PagerDutyError, StoreUnavailable
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.failures import failure_state
from noctuary.incidents.inbox.scope_fits import ScopeFits
from noctuary.incidents.inbox.sorting import UNEXPECTED, Parsed, Settled, again, grouped, sort_out
from noctuary.incidents.slots import Slots, tenants_in
from noctuary.incidents.unread import Unread
from noctuary.incidents.updater import IncidentUpdater
from noctuary.incidents.waker import Waker
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import FinishWebhook, Mutation, ParkWebhook, SaveIntegrationState
from noctuary.store.interface import Store
from noctuary.store.rows import InboxRow
from noctuary.store.shares import Work

log = structlog.get_logger()

MAX_AT_ONCE = 64
"""Webhooks processed at the same time: a storm must not take all connections and memory."""
MAX_OF_ONE = 16
"""Of them of one integration, those of one incident together."""
LEASE_S = 60.0
"""Far longer than the slowest webhook takes; after it somebody else may take over."""
POLL_S = 1.0
"""Retried and released rows are due again without a wake-up."""


class InboxWorker:
    """Claims webhooks, of each integration in turn; those of one incident are processed in turn, others side by side.

    Webhooks of an integration that is suspended or not loaded are parked until its record changes.
    """

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        updater: IncidentUpdater,
        unread: Unread,
        scope_fits: ScopeFits,
    ) -> None:
        self.wake = asyncio.Event()
        self._store = store
        self._routing = routing
        self._updater = updater
        self._unread = unread
        self._scope_fits = scope_fits
        self._slots = Slots(MAX_AT_ONCE, MAX_OF_ONE, tenants_in(routing))
        self._claimed: set[int] = set()
        self._waker = Waker(
            routing,
            lambda record: not record.suspend,
            store.integrations_with_parked_webhooks,
            store.wake_webhooks,
            self.wake.set,
        )

    @property
    def is_full(self) -> bool:
        """Whether so many incidents wait for an answer that all else should wait for them: one integration's do not."""
        return self._slots.free < MAX_AT_ONCE // 2

    async def run(self) -> None:
        """Work until cancelled; what is unfinished then is due again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self.wake.clear()
                    has_more = await self._waker.turn()
                    rows = await self._claim()
                    parsed, settled = await sort_out(rows, self._routing, self._unread)
                    for group in grouped(parsed):
                        tasks.create_task(self._work(group))
                    if settled:
                        tasks.create_task(self._settle(settled))
                    if not rows and not has_more:
                        await wait_until_set(self.wake, POLL_S)
        finally:
            for row_id in self._claimed:
                await self._store.release(Work.WEBHOOK, row_id)

    async def _claim(self) -> list[InboxRow]:
        if self._slots.free <= 0:
            return []
        try:
            rows = await self._store.claim_webhooks(self._slots.free, LEASE_S, clock.now(), self._slots.share())
        except StoreUnavailable as error:
            log.warning("Inbox cannot be read", error=str(error))
            self._waker.store_failed()
            return []
        rows = [row for row in rows if row.id not in self._claimed]  # a claim of ours may have outlived its lease
        for row in rows:
            self._claimed.add(row.id)
            self._slots.take(row.integration_id)
        return rows

    async def _work(self, group: list[Parsed]) -> None:
        rows = [item.row for item in group]
        try:
            await self._work_group(group)
        except StoreUnavailable as error:
            log.warning("Webhooks cannot be processed without the store", error=str(error))
            self._waker.store_failed()
        except NoctuaryError as error:
            log.warning("Webhook processing failed, retrying", error=str(error))
            await self._retry(rows, str(error))
        except Exception:
            log.exception("Webhook processing failed, retrying")
            await self._retry(rows, UNEXPECTED, self._failure(group[0].record))
        finally:
            await self._end(rows)
            self.wake.set()

    async def _work_group(self, group: list[Parsed]) -> None:
        record = group[0].record
        known = [await self._is_known(item) for item in group]
        fresh = [item for item, old in zip(group, known, strict=True) if not old]
        done: list[Mutation] = [FinishWebhook(item.row.id, record.id, item.event_id or None) for item in group]
        if not fresh:
            await self._store.commit(*done)
            return
        done += await self._scope_fits.noted(record, fresh)
        await self._updater.update(record, [item.sighting for item in fresh], *done)

    async def _is_known(self, item: Parsed) -> bool:
        return bool(item.event_id) and await self._store.is_event_known(item.record.id, item.event_id)

    def _failure(self, record: RoutingRecord) -> SaveIntegrationState:
        return SaveIntegrationState(failure_state(record.id, PagerDutyError(UNEXPECTED), clock.now()))

    async def _retry(self, rows: list[InboxRow], error: str, *more: Mutation) -> None:
        now = clock.now()
        await self._commit([again(row, now, error) for row in rows], *more)

    async def _settle(self, settled: list[Settled]) -> None:
        """Commit together what becomes of webhooks that update no incident now."""
        try:
            await self._commit([change for _, change in settled])
        finally:
            await self._end([row for row, _ in settled])
            self.wake.set()
        for row, change in settled:
            if isinstance(change, ParkWebhook):
                self._waker.request_if_back(row.integration_id)

    async def _commit(self, changes: Sequence[Mutation], *more: Mutation) -> None:
        """Commit what became of webhooks; where that fails they are due as their rows say."""
        if not changes:
            return
        try:
            await self._store.commit(*changes, *more)
        except StoreUnavailable as error:
            log.warning("Webhooks are due again: the store took nothing", error=str(error))
            self._waker.store_failed()

    async def _end(self, rows: list[InboxRow]) -> None:
        """End the claims of webhooks, whatever became of them."""
        for row in rows:
            self._claimed.discard(row.id)
            self._slots.give_back(row.integration_id)
            await self._store.release(Work.WEBHOOK, row.id)
