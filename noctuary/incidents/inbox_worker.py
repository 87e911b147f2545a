"""Processes the webhooks of the inbox: each updates its incident, in effect exactly once."""

import asyncio
from collections.abc import Iterable

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.backoff import Backoff
from noctuary.common.errors import InvalidInput, NoctuaryError, StoreUnavailable
from noctuary.common.metrics import Metrics
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.sightings import Sighting, sighting_of_event
from noctuary.incidents.suspensions import Suspensions
from noctuary.incidents.updater import IncidentUpdater
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.webhook import WebhookEvent, parse_webhook
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import FinishWebhook, InboxRow, RetryWebhook, Store, Work

log = structlog.get_logger()

MAX_AT_ONCE = 32
"""Incidents processed at the same time: a storm must not take all connections and memory."""
CLAIM_LIMIT = 64
LEASE_S = 60.0
"""Far longer than the slowest webhook takes; after it somebody else may take over."""
POLL_S = 1.0
"""Retried and released rows are due again without a wake-up."""
UNAVAILABLE_PAUSE_S = 1.0
HELD_S = 5.0
"""Webhooks of a suspended or not yet loaded integration are due again after this."""
RETRY = Backoff(1.0, 300.0)
"""Between attempts at one webhook."""
GIVE_UP_AFTER_S = 48 * 3600.0
"""PagerDuty itself gives up a webhook after 48 hours."""
ORPHAN_S = 600.0
"""A webhook whose integration is gone is dropped after this; a reload of the records is much faster."""


class _Parsed(msgspec.Struct, frozen=True):
    row: InboxRow
    record: RoutingRecord
    event: WebhookEvent
    sighting: Sighting | None


class InboxWorker:
    """Claims webhooks; those of one incident are processed in turn, those of different ones side by side."""

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
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._claimed: set[int] = set()

    @property
    def is_full(self) -> bool:
        """Whether more incidents wait for an answer than are processed at once."""
        return self._slots.locked()

    async def run(self) -> None:
        """Work until cancelled; what is unfinished then is due again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self.wake.clear()
                    rows = await self._claim()
                    for group in self._grouped(await self._sort_out(rows)):
                        await self._slots.acquire()
                        tasks.create_task(self._work(group))
                    if not rows:
                        await wait_until_set(self.wake, POLL_S)
        finally:
            for row_id in self._claimed:
                await self._store.release(Work.WEBHOOK, row_id)

    async def _claim(self) -> list[InboxRow]:
        try:
            rows = await self._store.claim_webhooks(CLAIM_LIMIT, LEASE_S, clock.now())
        except StoreUnavailable as error:
            log.warning("Inbox cannot be read", error=str(error))
            await asyncio.sleep(UNAVAILABLE_PAUSE_S)
            return []
        rows = [row for row in rows if row.id not in self._claimed]  # a claim of ours may have outlived its lease
        self._claimed.update(row.id for row in rows)
        return rows

    async def _sort_out(self, rows: list[InboxRow]) -> list[_Parsed]:
        """Parse what can be processed now; hold what is suspended, finish what nobody can read."""
        parsed = []
        for row in rows:
            record = self._routing.get(row.integration_id)
            if record is None or record.suspend:
                await self._hold(row, known=record is not None)
                continue
            try:
                event = parse_webhook(row.body, row.received_at)
            except InvalidInput as error:
                self._metrics.webhooks.labels("malformed").inc()
                log.warning("Signed webhook cannot be parsed", integration=row.integration_id, error=error.problem)
                await self._settle(FinishWebhook(row.id, row.integration_id, None))
                continue
            sighting = sighting_of_event(event, event.incident) if event.incident is not None else None
            parsed.append(_Parsed(row, record, event, sighting))
        return parsed

    async def _hold(self, row: InboxRow, *, known: bool) -> None:
        age_s = clock.now() - row.received_at
        if age_s > GIVE_UP_AFTER_S or (not known and age_s > ORPHAN_S):
            log.warning("Webhook dropped, its integration is gone or was suspended", integration=row.integration_id)
            await self._settle(FinishWebhook(row.id, row.integration_id, None))
            return
        reason = "suspended" if known else "the integration is not loaded"
        # All held ones come due at the same moment, so that after a resume one incident's are processed together.
        due_at = (clock.now() // HELD_S + 1) * HELD_S
        await self._settle(RetryWebhook(row.id, due_at, reason))

    def _grouped(self, parsed: Iterable[_Parsed]) -> list[list[_Parsed]]:
        """Put what concerns the same incident through the same integration together, in order of arrival."""
        groups: dict[tuple[str, str], list[_Parsed]] = {}
        for item in parsed:
            incident_id = item.sighting.incident_id if item.sighting else f"row {item.row.id}"
            groups.setdefault((item.record.id, incident_id), []).append(item)
        return list(groups.values())

    async def _work(self, group: list[_Parsed]) -> None:
        try:
            await self._work_group(group)
        except NoctuaryError as error:
            log.warning("Webhook processing failed, retrying", error=str(error))
            await self._retry(group, str(error))
        except Exception:
            log.exception("Webhook processing failed, retrying")
            await self._retry(group, "unexpected error, see the log")
        finally:
            self._slots.release()

    async def _work_group(self, group: list[_Parsed]) -> None:
        record = group[0].record
        known = [await self._is_known(item) for item in group]
        fresh = [item.sighting for item, old in zip(group, known, strict=True) if item.sighting is not None and not old]
        done = [FinishWebhook(item.row.id, record.id, item.event.id or None) for item in group]
        if not fresh:
            await self._store.commit(*done)
            self._claimed.difference_update(item.row.id for item in group)
            return
        resumed_at = self._suspensions.resumed_at(record.id)
        silent = resumed_at is not None and all(item.row.received_at < resumed_at for item in group)
        await self._updater.update(record, fresh, *done, silent_if_resolved=silent)
        self._claimed.difference_update(item.row.id for item in group)

    async def _is_known(self, item: _Parsed) -> bool:
        return bool(item.event.id) and await self._store.is_event_known(item.record.id, item.event.id)

    async def _retry(self, group: list[_Parsed], error: str) -> None:
        now = clock.now()
        for item in group:
            if now - item.row.received_at > GIVE_UP_AFTER_S:
                log.error("Webhook given up", integration=item.record.id, webhook_id=item.row.webhook_id)
                await self._settle(FinishWebhook(item.row.id, item.record.id, None))
                continue
            due_at = now + RETRY.pause_s(item.row.attempts)
            await self._settle(RetryWebhook(item.row.id, due_at, error))

    async def _settle(self, change: FinishWebhook | RetryWebhook) -> None:
        try:
            await self._store.commit(change)
        except StoreUnavailable as error:
            log.warning("Webhook stays claimed until its lease ends", error=str(error))
        finally:
            self._claimed.discard(change.row_id)
