"""Processes the webhooks of the inbox: each updates its incident, in effect exactly once."""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.backoff import Backoff
from noctuary.common.errors import InvalidInput, NoctuaryError, PagerDutyError, StoreUnavailable
from noctuary.common.metrics import Metrics
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.failures import failure_state
from noctuary.incidents.inbox.suspensions import Suspensions
from noctuary.incidents.sightings import Sighting, sighting_of_event
from noctuary.incidents.slots import Slots, tenants_in
from noctuary.incidents.updater import IncidentUpdater
from noctuary.incidents.waker import Waker
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.webhook import parse_webhook
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import (
    FinishWebhook,
    InboxRow,
    Mutation,
    ParkWebhook,
    RetryWebhook,
    SaveIntegrationState,
    Store,
    Work,
)

log = structlog.get_logger()

MAX_AT_ONCE = 64
"""Webhooks processed at the same time: a storm must not take all connections and memory."""
MAX_OF_ONE = 16
"""Of them of one integration, those of one incident together."""
LEASE_S = 60.0
"""Far longer than the slowest webhook takes; after it somebody else may take over."""
POLL_S = 1.0
"""Retried and released rows are due again without a wake-up."""
UNAVAILABLE_PAUSE_S = 1.0
"""Nothing is claimed for so long after the store could not read or write."""
RETRY = Backoff(1.0, 300.0)
"""Between attempts at one webhook."""
GIVE_UP_AFTER_S = 48 * 3600.0
"""PagerDuty itself gives up a webhook after 48 hours."""
ORPHAN_S = 600.0
"""A webhook whose integration is gone is dropped after this; a reload of the records is much faster."""

UNEXPECTED = "a webhook met an unexpected error: see the receiver's log"
Settling = FinishWebhook | ParkWebhook | RetryWebhook


class _Parsed(msgspec.Struct, frozen=True):
    """What is kept of a webhook while it is worked: short, however long its body was."""

    row: InboxRow
    record: RoutingRecord
    event_id: str
    sighting: Sighting | None


class InboxWorker:
    """Claims webhooks, of each integration in turn; those of one incident are processed in turn, others side by side.

    Webhooks of an integration that is suspended or not loaded are parked until its record changes.
    """

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        updater: IncidentUpdater,
        metrics: Metrics,
        suspensions: Suspensions,
    ) -> None:
        self.wake = asyncio.Event()
        self._store = store
        self._routing = routing
        self._updater = updater
        self._metrics = metrics
        self._suspensions = suspensions
        self._slots = Slots(MAX_AT_ONCE, MAX_OF_ONE, tenants_in(routing))
        self._claimed: set[int] = set()
        self._is_store_down = False
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
                    await self._let_store_recover()
                    has_more = await self._wake_parked()
                    rows = await self._claim()
                    for group in self._grouped(await self._sort_out(rows)):
                        tasks.create_task(self._work(group))
                    if not rows and not has_more:
                        await wait_until_set(self.wake, POLL_S)
        finally:
            for row_id in self._claimed:
                await self._store.release(Work.WEBHOOK, row_id)

    async def _let_store_recover(self) -> None:
        if self._is_store_down:
            self._is_store_down = False
            await asyncio.sleep(UNAVAILABLE_PAUSE_S)

    async def _wake_parked(self) -> bool:
        """Have some webhooks due that waited for an integration that is back; tell whether there are more."""
        try:
            return await self._waker.turn()
        except StoreUnavailable as error:
            log.warning("Webhooks cannot be woken", error=str(error))
            self._is_store_down = True
            return False

    async def _claim(self) -> list[InboxRow]:
        if self._slots.free <= 0:
            return []
        try:
            rows = await self._store.claim_webhooks(self._slots.free, LEASE_S, clock.now(), self._slots.share())
        except StoreUnavailable as error:
            log.warning("Inbox cannot be read", error=str(error))
            self._is_store_down = True
            return []
        rows = [row for row in rows if row.id not in self._claimed]  # a claim of ours may have outlived its lease
        for row in rows:
            self._claimed.add(row.id)
            self._slots.take(row.integration_id)
        return rows

    async def _sort_out(self, rows: list[InboxRow]) -> list[_Parsed]:
        """Parse what can be processed now; park what is held, finish what nobody can read, in one commit."""
        parsed: list[_Parsed] = []
        settled: list[tuple[InboxRow, Settling]] = []
        for row in rows:
            record = self._routing.get(row.integration_id)
            if record is None or record.suspend:
                settled.append((row, _held(row, clock.now(), is_known=record is not None)))
                continue
            try:
                event = parse_webhook(row.body, row.received_at)
                sighting = sighting_of_event(event, event.incident) if event.incident is not None else None
            except InvalidInput as error:
                self._metrics.webhooks.labels("malformed").inc()
                log.warning("Signed webhook cannot be parsed", integration=row.integration_id, error=error.problem)
                settled.append((row, FinishWebhook(row.id, row.integration_id, None)))
            except Exception:
                log.exception("Signed webhook cannot be read, retrying", integration=row.integration_id)
                settled.append((row, _again(row, clock.now(), UNEXPECTED)))
            else:
                short = msgspec.structs.replace(row, body=b"")
                parsed.append(_Parsed(short, record, event.id, sighting))
        await self._settle(settled)
        for row, change in settled:
            if isinstance(change, ParkWebhook):
                self._waker.request_if_back(row.integration_id)
        return parsed

    def _grouped(self, parsed: Iterable[_Parsed]) -> list[list[_Parsed]]:
        """Put what concerns the same incident through the same integration together, in order of arrival."""
        groups: dict[tuple[str, str], list[_Parsed]] = {}
        for item in parsed:
            incident_id = item.sighting.incident_id if item.sighting else ""  # what is no incident is one commit
            groups.setdefault((item.record.id, incident_id), []).append(item)
        return list(groups.values())

    async def _work(self, group: list[_Parsed]) -> None:
        rows = [item.row for item in group]
        try:
            await self._work_group(group)
        except StoreUnavailable as error:
            log.warning("Webhooks cannot be processed without the store", error=str(error))
            self._is_store_down = True
        except NoctuaryError as error:
            log.warning("Webhook processing failed, retrying", error=str(error))
            await self._retry(rows, str(error))
        except Exception:
            log.exception("Webhook processing failed, retrying")
            await self._retry(rows, UNEXPECTED, self._failure(group[0].record))
        finally:
            await self._end(rows)
            self.wake.set()

    async def _work_group(self, group: list[_Parsed]) -> None:
        record = group[0].record
        known = [await self._is_known(item) for item in group]
        fresh = [item.sighting for item, old in zip(group, known, strict=True) if item.sighting is not None and not old]
        done = [FinishWebhook(item.row.id, record.id, item.event_id or None) for item in group]
        if not fresh:
            await self._store.commit(*done)
            return
        resumed_at = self._suspensions.resumed_at(record.id)
        silent = resumed_at is not None and all(item.row.received_at < resumed_at for item in group)
        await self._updater.update(record, fresh, *done, silent_if_resolved=silent)

    async def _is_known(self, item: _Parsed) -> bool:
        return bool(item.event_id) and await self._store.is_event_known(item.record.id, item.event_id)

    def _failure(self, record: RoutingRecord) -> SaveIntegrationState:
        return SaveIntegrationState(failure_state(record.id, PagerDutyError(UNEXPECTED), clock.now()))

    async def _retry(self, rows: list[InboxRow], error: str, *more: Mutation) -> None:
        now = clock.now()
        await self._commit([_again(row, now, error) for row in rows], *more)

    async def _settle(self, settled: list[tuple[InboxRow, Settling]]) -> None:
        try:
            await self._commit([change for _, change in settled])
        finally:
            await self._end([row for row, _ in settled])

    async def _commit(self, changes: Sequence[Mutation], *more: Mutation) -> None:
        """Commit what became of webhooks; where that fails they are due as their rows say."""
        if not changes:
            return
        try:
            await self._store.commit(*changes, *more)
        except StoreUnavailable as error:
            log.warning("Webhooks are due again: the store took nothing", error=str(error))
            self._is_store_down = True

    async def _end(self, rows: list[InboxRow]) -> None:
        """End the claims of webhooks, whatever became of them."""
        for row in rows:
            self._claimed.discard(row.id)
            self._slots.give_back(row.integration_id)
            await self._store.release(Work.WEBHOOK, row.id)


def _held(row: InboxRow, now: float, *, is_known: bool) -> FinishWebhook | ParkWebhook:
    """Return what becomes of a webhook whose integration is suspended or not loaded."""
    longest_s = GIVE_UP_AFTER_S if is_known else ORPHAN_S
    if now - row.received_at > longest_s:
        log.warning("Webhook dropped, its integration is gone or was suspended", integration=row.integration_id)
        return FinishWebhook(row.id, row.integration_id, None)
    reason = "suspended" if is_known else "the integration is not loaded"
    return ParkWebhook(row.id, row.received_at + longest_s, reason)


def _again(row: InboxRow, now: float, error: str) -> FinishWebhook | RetryWebhook:
    """Return what becomes of a webhook that could not be processed."""
    if now - row.received_at > GIVE_UP_AFTER_S:
        log.error("Webhook given up", integration=row.integration_id, webhook_id=row.webhook_id)
        return FinishWebhook(row.id, row.integration_id, None)
    return RetryWebhook(row.id, now + RETRY.pause_s(row.attempts), error)
