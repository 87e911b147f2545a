"""The worker: takes webhooks from the inbox and brings each to the desk of its incident, exactly in effect once."""

import asyncio
from collections.abc import Iterable

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import InvalidInput, NoctuaryError, StoreUnavailable
from noctuary.common.metrics import Metrics
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.sightings import Sighting, sighting_of_event
from noctuary.incidents.suspensions import Suspensions
from noctuary.incidents.updater import IncidentUpdater
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.webhook import WebhookEvent, parse_webhook
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import FinishWebhook, InboxRow, RetryWebhook, Store

log = structlog.get_logger()

MAX_AT_ONCE = 32
"""Incidents worked at the same time: a storm must not take all connections and memory."""
CLAIM_LIMIT = 64
LEASE_S = 60.0
"""Far longer than the slowest work on one webhook; after it somebody else may take over."""
POLL_S = 1.0
"""Retried and released rows come back without anybody telling."""
UNAVAILABLE_PAUSE_S = 1.0
HELD_S = 5.0
"""Webhooks of a suspended or not yet loaded integration are looked at again after this."""
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 300.0
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
    """Claims webhooks; those of one incident are worked in turn, those of different ones side by side."""

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
        self._in_work: set[int] = set()

    async def run(self) -> None:
        """Work until cancelled; what is unfinished then comes back after a restart."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.wake.clear()
                rows = await self._claim()
                for group in self._grouped(await self._sort_out(rows)):
                    await self._slots.acquire()
                    tasks.create_task(self._work(group))
                if not rows:
                    await wait_until_set(self.wake, POLL_S)

    async def _claim(self) -> list[InboxRow]:
        try:
            rows = await self._store.claim_webhooks(CLAIM_LIMIT, LEASE_S, clock.now())
        except StoreUnavailable as error:
            log.warning("Inbox cannot be read", problem=str(error))
            await asyncio.sleep(UNAVAILABLE_PAUSE_S)
            return []
        return [row for row in rows if row.id not in self._in_work]

    async def _sort_out(self, rows: list[InboxRow]) -> list[_Parsed]:
        """Parse what can be worked now; hold what is suspended, finish what nobody can read."""
        parsed = []
        for row in rows:
            integration = self._routing.get(row.integration_id)
            if integration is None or integration.record.suspend:
                await self._hold(row, known=integration is not None)
                continue
            try:
                event = parse_webhook(row.body, row.received_at)
            except InvalidInput as error:
                self._metrics.webhooks.labels("malformed").inc()
                log.warning("Signed webhook cannot be read", integration=row.integration_id, problem=error.problem)
                await self._settle(FinishWebhook(row.id, row.integration_id, None))
                continue
            sighting = sighting_of_event(event, event.incident) if event.incident is not None else None
            parsed.append(_Parsed(row, integration.record, event, sighting))
        return parsed

    async def _hold(self, row: InboxRow, *, known: bool) -> None:
        age_s = clock.now() - row.received_at
        if age_s > GIVE_UP_AFTER_S or (not known and age_s > ORPHAN_S):
            log.warning("Webhook dropped, its integration is gone or was suspended", integration=row.integration_id)
            await self._settle(FinishWebhook(row.id, row.integration_id, None))
            return
        reason = "suspended" if known else "the integration is not loaded"
        # All held ones come due at the same moment, so that after a resume one incident's are worked together.
        due_at = (clock.now() // HELD_S + 1) * HELD_S
        await self._settle(RetryWebhook(row.id, due_at, reason))

    def _grouped(self, parsed: Iterable[_Parsed]) -> list[list[_Parsed]]:
        """Put what concerns the same incident through the same integration together, in order of arrival."""
        groups: dict[tuple[str, str], list[_Parsed]] = {}
        for item in parsed:
            incident_id = item.sighting.incident_id if item.sighting else f"row {item.row.id}"
            groups.setdefault((item.record.id, incident_id), []).append(item)
        for group in groups.values():
            self._in_work.update(item.row.id for item in group)
        return list(groups.values())

    async def _work(self, group: list[_Parsed]) -> None:
        try:
            await self._work_group(group)
        except NoctuaryError as error:
            log.warning("Webhook could not be worked, it is tried again", problem=str(error))
            await self._retry(group, str(error))
        except Exception:
            log.exception("Webhook could not be worked, it is tried again")
            await self._retry(group, "unexpected error, see the log")
        finally:
            self._in_work.difference_update(item.row.id for item in group)
            self._slots.release()

    async def _work_group(self, group: list[_Parsed]) -> None:
        record = group[0].record
        known = [await self._is_known(item) for item in group]
        fresh = [item.sighting for item, old in zip(group, known, strict=True) if item.sighting is not None and not old]
        done = [FinishWebhook(item.row.id, record.id, item.event.id or None) for item in group]
        if not fresh:
            await self._store.commit(*done)
            return
        resumed_at = self._suspensions.resumed_at(record.id)
        silent = resumed_at is not None and all(item.row.received_at < resumed_at for item in group)
        await self._updater.take(record, fresh, *done, silent_if_resolved=silent)

    async def _is_known(self, item: _Parsed) -> bool:
        return bool(item.event.id) and await self._store.is_event_known(item.record.id, item.event.id)

    async def _retry(self, group: list[_Parsed], problem: str) -> None:
        now = clock.now()
        for item in group:
            if now - item.row.received_at > GIVE_UP_AFTER_S:
                log.error("Webhook given up", integration=item.record.id, webhook_id=item.row.webhook_id)
                await self._settle(FinishWebhook(item.row.id, item.record.id, None))
                continue
            pause_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(item.row.attempts - 1, 10))
            await self._settle(RetryWebhook(item.row.id, now + pause_s, problem))

    async def _settle(self, change: FinishWebhook | RetryWebhook) -> None:
        try:
            await self._store.commit(change)
        except StoreUnavailable as error:
            log.warning("Webhook stays claimed until its lease ends", problem=str(error))
