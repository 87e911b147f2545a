"""The pipeline of an incident, put together: inbox, updater, outbox and backfill over one store."""

import asyncio

import httpx
import structlog

from noctuary.common import clock
from noctuary.common.errors import NotReady
from noctuary.common.locks import KeyedLocks
from noctuary.common.metrics import Metrics
from noctuary.incidents.comparison.backfiller import Backfiller
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.evidence.sight import NO_SIGHT, Sight
from noctuary.incidents.inbox.scope_fits import ScopeFits
from noctuary.incidents.inbox.worker import InboxWorker
from noctuary.incidents.later_looks import LaterLooks
from noctuary.incidents.outbox.delivery import NoteDelivery
from noctuary.incidents.outbox.rows import NoteRows
from noctuary.incidents.outbox.sender import NoteSender
from noctuary.incidents.recheck import Rechecks
from noctuary.incidents.timings import Timings
from noctuary.incidents.trust.accounts import Accounts
from noctuary.incidents.trust.confirmation import Confirmer
from noctuary.incidents.trust.notes import Notes
from noctuary.incidents.trust.proofs import Proofs
from noctuary.incidents.trust.visits import Visits
from noctuary.incidents.trust.witness import Witness
from noctuary.incidents.unread import Unread
from noctuary.incidents.updater import IncidentUpdater
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Store

log = structlog.get_logger()

DEPTHS_INTERVAL_S = 5.0
LOADED_POLL_S = 0.05
DEFAULT_TIMINGS = Timings()


class IncidentPipeline:
    """Everything between a stored webhook and a note; set `wake` when a webhook was stored.

    Several pipelines may work on one store: what one claimed, no other begins.
    """

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        http: httpx.AsyncClient,
        metrics: Metrics,
        sight: Sight = NO_SIGHT,
        timings: Timings = DEFAULT_TIMINGS,
    ) -> None:
        self.unread = Unread(metrics, routing)
        locks, clients = KeyedLocks(), PagerDutyClients(http, metrics.count_pagerduty_call, self.unread.left_out)
        rows = NoteRows(store, locks, metrics, timings)
        delivery = NoteDelivery(store, clients, rows, metrics, timings)
        self.sender = NoteSender(store, routing, rows, delivery, timings)
        enricher = Enricher(store, clients, sight)
        proofs = self.proofs = Proofs(store, routing)
        notes, witness = Notes(store, routing, proofs, timings), Witness(Confirmer(clients), proofs, timings)
        common = (store, routing, enricher, locks, self.sender, timings, witness, notes)
        self.updater, looks = IncidentUpdater(*common), LaterLooks(*common)
        self.accounts = Accounts(store, routing, clients, proofs)
        self.visits = Visits(store, routing, self.updater, timings)
        self.backfiller = Backfiller(store, routing, clients, self.updater, metrics, self._hasten, self.sender.answered)
        self.worker = InboxWorker(store, routing, self.updater, self.unread, ScopeFits(store, routing))
        self.rechecks = Rechecks(store, routing, looks, timings, lambda: self.worker.is_full)
        self._store = store
        self._routing = routing
        self._metrics = metrics

    @property
    def wake(self) -> asyncio.Event:
        """Return the event that wakes the worker at once."""
        return self.worker.wake

    def _hasten(self, integration_id: str) -> None:
        self.sender.hasten(integration_id)
        self.visits.hasten(integration_id)

    async def run(self) -> None:
        """Run all parts until cancelled; nothing begins before the routing table was loaded."""
        while self._routing.age_s() == float("inf"):  # noqa: ASYNC110 - loading sets no event
            await asyncio.sleep(LOADED_POLL_S)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.worker.run())
            tasks.create_task(self.sender.run())
            tasks.create_task(self.backfiller.run())
            tasks.create_task(self.rechecks.run())
            tasks.create_task(self.accounts.run())
            tasks.create_task(self.visits.run())
            tasks.create_task(self._measure())

    async def _measure(self) -> None:
        while True:
            try:
                depths = await self._store.depths(clock.now())
            except NotReady as error:
                log.warning("Queues cannot be measured", error=str(error))
            else:
                for queue in ("inbox", "notes"):
                    self._metrics.queue_depth.labels(queue).set(getattr(depths, queue))
                self._metrics.queue_depth.labels("store_writes").set(depths.writes)
                self._metrics.oldest_webhook_seconds.set(depths.oldest_inbox_s)
            await asyncio.sleep(DEPTHS_INTERVAL_S)
