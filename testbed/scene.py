"""The pipeline of an incident on real parts: a real store, the PagerDuty simulator, and a receiver of its webhooks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noctuary.common.backoff import Backoff
from noctuary.common.http_client import create_client
from noctuary.common.metrics import Metrics
from noctuary.incidents.evidence.sight import Sight
from noctuary.incidents.pipeline import IncidentPipeline
from noctuary.incidents.timings import Timings
from noctuary.models.context_event import new_event_id
from noctuary.models.incident import IncidentRow
from noctuary.models.live_view import LiveReader, LogReader, RevisionReader
from noctuary.models.routing_record import RoutingRecord, TokenHash, encode_record, hash_secret, record_secret_name
from noctuary.models.suspension import followed
from noctuary.routing.record_secrets import Secret, SecretMeta
from noctuary.routing.table import RoutingTable
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.rows import IntegrationState, NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from testbed.egress import LOOPBACK
from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.server import LoopbackServer
from testbed.polling import until
from testbed.told import without_percent

QUICK = Timings(
    settle_s=0.3,
    last_look_s=0.9,
    first_check_s=0.3,
    last_check_s=1.8,
    young_note_s=0.5,
    young_retry_s=0.1,
    backoff=Backoff(0.05, 0.2, jitter=0.1),
    held_s=0.2,
    poll_s=0.05,
    recheck_s=0.5,
    last_recheck_s=2.0,
    rival_wait_s=1.0,
    confirm=Backoff(0.1, 0.4, jitter=0.1),
    doubt_s=0.3,
)
"""The outbox's pauses in the same order and about the same ratio, thirty times shorter."""


class Scene:
    """Everything around the pipeline; `start` runs it, `stop` ends it, the store stays."""

    def __init__(
        self, pd: PagerDutySimulator, store: SqliteStore, http: httpx.AsyncClient, stack: AsyncExitStack
    ) -> None:
        self.pd = pd
        self.store = store
        self.http = http
        self.stack = stack
        self.bot = pd.add_user("Bot", "bot@example.com")
        self.token = pd.add_token()
        self.service = pd.add_service("payments-api")
        self.routing = RoutingTable()
        self.metrics = Metrics()
        self.records: dict[str, RoutingRecord] = {}
        self.live_reader: LiveReader | None = None
        self.revision_reader: RevisionReader | None = None
        self.logs: LogReader | None = None
        self.ignored_reasons: tuple[str, ...] = ()
        self.pipeline: IncidentPipeline | None = None
        self.accepts_webhooks = True
        self.timings = QUICK
        self._task: asyncio.Task[None] | None = None

    def route(self, integration_id: str = "one", **changes: Any) -> RoutingRecord:
        """Load or change an integration."""
        known = self.records.get(integration_id) or RoutingRecord(
            id=integration_id,
            namespace="payments",
            name=integration_id,
            created_at=time.time() - 600,
            generation=1,
            direction="bidirectional",
            api_url=self.pd.url,
            api_token=self.token,
            from_email="bot@example.com",
            tokens=[TokenHash(hash_secret(f"token-{integration_id}"), 1)],
        )
        is_suspended = changes.get("suspend", known.suspend)
        suspensions = followed(known.suspensions, is_suspended=is_suspended, at=time.time())  # as the operator does
        record = msgspec.structs.replace(known, **{"suspensions": suspensions, **changes})
        self.records[integration_id] = record
        self.routing.on_event("MODIFIED", Secret(SecretMeta(record_secret_name(record.id)), encode_record(record)))
        return record

    def drop(self, integration_id: str) -> None:
        """Take an integration's record away."""
        record = self.records.pop(integration_id)
        self.routing.on_event("DELETED", Secret(SecretMeta(record_secret_name(record.id)), encode_record(record)))

    async def subscribe(self, integration_id: str = "one", scope: str = "account") -> None:
        """Let the simulator deliver to this integration; what comes is stored as the receiver does it.

        A signed ping came before, as it does when somebody makes a subscription.
        """
        proof = IntegrationState(id=integration_id, proven_token_sha256=hash_secret(f"token-{integration_id}"))
        await self.store.commit(SaveIntegrationState(proof))

        async def receive(request: Request) -> Response:
            if not self.accepts_webhooks:
                return Response(status_code=404)
            body = await request.body()
            await self.store.add_webhook(
                NewWebhook(integration_id, request.headers["x-webhook-id"], "", time.time(), body)
            )
            if self.pipeline is not None:
                self.pipeline.wake.set()
            return Response(status_code=202)

        server = LoopbackServer(Starlette(routes=[Route("/", receive, methods=["POST"])]), 0)
        await server.start()
        self.stack.push_async_callback(server.stop)
        self.pd.subscribe(server.url, scope=scope)

    async def put(self, body: bytes, integration_id: str = "one", webhook_id: str | None = None) -> None:
        """Store a webhook as if the receiver had taken it."""
        await self.store.add_webhook(NewWebhook(integration_id, webhook_id or new_event_id(), "", time.time(), body))
        if self.pipeline is not None:
            self.pipeline.wake.set()

    async def put_all(self, bodies: Iterable[bytes], integration_id: str = "one") -> None:
        """Store webhooks as if the receiver had taken all of them at once."""
        for body in bodies:
            await self.store.add_webhook(NewWebhook(integration_id, new_event_id(), "", time.time(), body))
        if self.pipeline is not None:
            self.pipeline.wake.set()

    def start(self) -> IncidentPipeline:
        """Run the pipeline."""
        self.routing.health.confirm()
        sight = Sight(self.live_reader, self.revision_reader, ignored_reasons=self.ignored_reasons, logs=self.logs)
        self.pipeline = IncidentPipeline(self.store, self.routing, self.http, self.metrics, sight, self.timings)
        self._task = asyncio.create_task(self.pipeline.run())
        return self.pipeline

    def backfill(self, integration_id: str = "one") -> None:
        """Have the running pipeline compare an integration with PagerDuty's list now."""
        if self.pipeline is not None:
            self.pipeline.backfiller.request(integration_id)

    async def stop(self) -> None:
        """End it as abruptly as a loop can: whatever is on its way is cut off."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def until(self, condition: Callable[[], object], timeout_s: float = 60.0) -> None:
        """Wait until something holds, which may have to be awaited; fails after a while."""
        await until("the scene is so", condition, bool, timeout_s=timeout_s, poll_s=0.01)

    async def idle(self) -> None:
        """Wait until nothing is left to process, to send or to check."""

        async def is_idle() -> bool:
            depths = await self.store.depths(time.time())
            checks = await self.store._database.read(  # noqa: SLF001 - what is due later has no public name
                lambda c: c.execute("SELECT 1 FROM notes WHERE due_at <= ?", (time.time() + 30,)).fetchone()
            )
            return depths.inbox == 0 and depths.notes == 0 and not checks

        await self.pd.drained()
        await self.until(is_idle)

    def text(self, incident_id: str) -> str:
        """Return the only note of an incident; empty while there is none."""
        notes = self.pd.notes(incident_id)
        if len(notes) > 1:
            raise AssertionError(f"{len(notes)} notes: {[note.content for note in notes]}")
        return notes[0].content if notes else ""

    def words(self, incident_id: str) -> str:
        """Return the only note of an incident without how sure it is."""
        return without_percent(self.text(incident_id))

    async def state(self, integration_id: str = "one") -> IntegrationState:
        """Return what the store keeps of an integration."""
        found = await self.store.integration_state(integration_id)
        if found is None:
            raise AssertionError(f"nothing is stored of integration {integration_id}")
        return found

    @property
    def account(self) -> str:
        """Return the web host of the simulator's account, which its notes are kept under."""
        return f"{self.pd.account.subdomain}.pagerduty.com"

    async def incident(self, incident_id: str, integration_id: str = "one") -> IncidentRow:
        """Return an incident as an integration knows it."""
        found = await self.store.incident(integration_id, incident_id)
        if found is None:
            raise AssertionError(f"incident {incident_id} is not stored")
        return found

    def counted(self, name: str, **labels: str) -> float:
        """Return a metric's value."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def pipeline_scene(
    directory: Path, prepare: Callable[[Path, str], None] = lambda _directory, _url: None, **settings: Any
) -> AsyncIterator[Scene]:
    """Make a scene with one integration; its pipeline is not started yet.

    `prepare` gets the store's directory and the simulator's URL before the store is opened; `settings` are those of
    the simulator.
    """
    async with AsyncExitStack() as stack:
        pd = await stack.enter_async_context(PagerDutySimulator(**settings))
        prepare(directory, pd.url)
        store = await SqliteStore.open(directory)
        stack.push_async_callback(store.close)
        http = create_client(LOOPBACK)
        stack.push_async_callback(http.aclose)
        made = Scene(pd, store, http, stack)
        stack.push_async_callback(made.stop)
        made.route()
        yield made
