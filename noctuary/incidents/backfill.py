"""Backfill: PagerDuty's list of incidents is compared with ours, and what webhooks missed is taken over."""

import asyncio
import random
from collections.abc import AsyncIterator

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, PagerDutyError, PagerDutyUnavailable
from noctuary.common.metrics import Metrics
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.failures import failure_state
from noctuary.incidents.reopenings import with_reopening
from noctuary.incidents.sightings import Sighting, sighting_of_listing
from noctuary.incidents.updater import IncidentUpdater
from noctuary.models.routing_record import RoutingRecord, Scope
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.pagerduty.objects import Incident
from noctuary.pagerduty.webhook import time_or
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import IntegrationState, SaveIntegrationState, Store, Work

log = structlog.get_logger()

INTERVAL_S = 300.0
OVERLAP_S = 600.0
"""Clocks differ and a list may lag: the last comparison's end is gone over once more."""
AHEAD_S = 60.0
"""PagerDuty's clock may be ahead of ours."""
MAX_RANGE_S = 170 * 86400.0
"""The list takes six months at most."""
RETRY_S = 30.0
LEASE_S = 600.0
"""Longer than the slowest backfill: 10,000 incidents at the pace of PagerDuty's rate limit."""
YOUNG_INCIDENT_S = 10.0
"""The webhook of so young an incident is most likely on its way."""
POLL_S = 1.0
MAX_AT_ONCE = 4
BATCH = 8
"""Incidents taken side by side: as many calls as one token may make at once."""
MAX_OPEN_LISTED = 1_000
"""Open incidents of any age that are listed, the newest first: ten calls; who has more has forgotten the others."""
MAX_SINGLE_READS = 50
"""Open incidents that the list did not show are read one by one; the rest has its turn another time."""


class Backfiller:
    """Backfills every integration that has an API token: when it is loaded, resumed, and every five minutes."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        clients: PagerDutyClients,
        updater: IncidentUpdater,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._routing = routing
        self._clients = clients
        self._updater = updater
        self._metrics = metrics
        self._wake = asyncio.Event()
        self._due: dict[str, float] = {}
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._running: set[str] = set()
        routing.subscribe(self._on_record_change)

    def request(self, integration_id: str) -> None:
        """Backfill an integration as soon as possible."""
        self._due[integration_id] = 0.0
        self._wake.set()

    async def run(self) -> None:
        """Backfill until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                now = clock.now()
                for record in self._routing:
                    if self._due.setdefault(record.id, 0.0) <= now and self._may(record):
                        self._running.add(record.id)
                        tasks.create_task(self._turn(record))
                await wait_until_set(self._wake, POLL_S)

    def _may(self, record: RoutingRecord) -> bool:
        return record.api_token is not None and not record.suspend and record.id not in self._running

    def _on_record_change(self, integration_id: str) -> None:
        if self._routing.get(integration_id) is None:
            self._due.pop(integration_id, None)
        else:
            self.request(integration_id)

    async def _turn(self, record: RoutingRecord) -> None:
        self._due[record.id] = clock.now() + INTERVAL_S * random.uniform(0.9, 1.0)  # noqa: S311 - spreads the calls
        try:
            async with self._slots:
                await self._backfill_alone(record)
        except PagerDutyUnavailable as error:
            self._due[record.id] = clock.now() + max(RETRY_S, error.retry_after_s)
            log.info("Backfill waits for PagerDuty", integration=record.id, error=str(error))
        except PagerDutyError as error:
            await self._failed(record, error)
        except NoctuaryError as error:
            self._due[record.id] = clock.now() + RETRY_S
            log.warning("Backfill failed, retrying", integration=record.id, error=str(error))
        except Exception:
            log.exception("Backfill failed", integration=record.id)
        finally:
            self._running.discard(record.id)

    async def _backfill_alone(self, record: RoutingRecord) -> None:
        """Backfill an integration unless another process is at it: what it finds counts for all."""
        if not await self._store.claim_backfill(record.id, LEASE_S, clock.now()):
            self._due[record.id] = clock.now() + RETRY_S
            return
        try:
            await self.backfill(record)
        finally:
            await self._store.release(Work.BACKFILL, record.id)

    async def backfill(self, record: RoutingRecord) -> int:
        """Take over what the list shows and we do not know; return how many incidents were new."""
        asked_at = clock.now()
        state = await self._store.integration_state(record.id)
        compared_until = state.compared_until if state is not None else None
        since = max(record.created_at, (compared_until or 0.0) - OVERLAP_S, asked_at - MAX_RANGE_S)
        seen: set[str] = set()
        batch: list[Sighting] = []
        found = 0
        async for incident in self._listed(record, since, asked_at, seen):
            sighting = sighting_of_listing(incident, asked_at)
            if record.takes_webhooks and sighting.triggered_at > asked_at - YOUNG_INCIDENT_S:
                self._due[record.id] = min(self._due.get(record.id, asked_at + RETRY_S), asked_at + RETRY_S)
                continue
            batch.append(sighting)
            if len(batch) == BATCH:
                found += await self._update_all(record, batch, look_first=compared_until is None)
                batch = []
        found += await self._update_all(record, batch, look_first=compared_until is None)
        await self._read_singly(record, seen, asked_at)
        await self._store.commit(SaveIntegrationState(IntegrationState(id=record.id, compared_until=asked_at)))
        return found

    async def _listed(
        self, record: RoutingRecord, since: float, asked_at: float, seen: set[str]
    ) -> AsyncIterator[Incident]:
        """Yield what was created in a range, then what is open of before: it may have been moved or reopened."""
        client, scope = self._clients.of(record), scope_query(record.scope)
        async for incident in client.incidents(since, asked_at + AHEAD_S, scope):
            seen.add(incident.id)
            yield incident
        async for incident in client.open_incidents(scope, MAX_OPEN_LISTED):
            if incident.id not in seen and time_or(incident.created_at, 0.0) >= record.created_at:
                seen.add(incident.id)
                yield incident

    async def _update_all(self, record: RoutingRecord, batch: list[Sighting], *, look_first: bool) -> int:
        """Update some incidents side by side; return how many were new."""
        taken = await asyncio.gather(*(self._take(record, seen, look_first=look_first) for seen in batch))
        for seen, is_new in zip(batch, taken, strict=True):
            if is_new:
                self._metrics.found_by_comparison.inc()
                log.info("Incident found by backfill", integration=record.id, incident=seen.incident_id)
        return sum(taken)

    async def _take(self, record: RoutingRecord, seen: Sighting, *, look_first: bool = False) -> bool:
        known = await self._store.incident(record.id, seen.incident_id)
        told = await with_reopening(self._clients.of(record), known, seen)
        return await self._updater.update(record, [told], look_first=look_first)

    async def _read_singly(self, record: RoutingRecord, seen: set[str], asked_at: float) -> None:
        """Look at open incidents that are older than the list's range: their end may have been missed."""
        rows = await self._store.open_incidents(record.id)
        unseen = [row.incident_id for row in rows if row.incident_id not in seen]
        for incident_id in random.sample(unseen, min(len(unseen), MAX_SINGLE_READS)):
            try:
                incident = await self._clients.of(record).incident(incident_id)
            except PagerDutyError as error:
                if error.status != 404:
                    raise
                continue
            await self._take(record, sighting_of_listing(incident, asked_at))

    async def _failed(self, record: RoutingRecord, error: PagerDutyError) -> None:
        failure = failure_state(record.id, error, clock.now())
        log.warning("Backfill refused by PagerDuty", integration=record.id, error=failure.last_failure_reason)
        try:
            await self._store.commit(SaveIntegrationState(failure))
        except NoctuaryError as store_error:
            log.warning("Failure could not be stored", integration=record.id, error=str(store_error))


def scope_query(scope: Scope) -> dict[str, list[str]]:
    """Return the list's filters for a scope."""
    if scope.type == "service":
        return {"service_ids[]": [scope.id or ""]}
    if scope.type == "team":
        return {"team_ids[]": [scope.id or ""]}
    return {}
