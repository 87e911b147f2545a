"""A scene for the way of an incident: a real store, the PagerDuty simulator, and a door that stores its webhooks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from noctuary.common.http_client import create_client
from noctuary.common.metrics import Metrics
from noctuary.incidents.pipeline import IncidentPipeline
from noctuary.incidents.timings import Timings
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef, new_event_id
from noctuary.models.live_view import LiveReader
from noctuary.models.routing_record import RoutingRecord, encode_record, record_secret_name
from noctuary.routing.table import RoutingTable, Secret, SecretMeta
from noctuary.store.interface import NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from testbed.pagerduty import PagerDutySimulator
from testbed.pagerduty.server import LoopbackServer

QUICK = Timings(
    settle_s=0.3,
    last_look_s=0.9,
    first_check_s=0.3,
    last_check_s=1.8,
    young_note_s=0.5,
    young_retry_s=0.1,
    first_backoff_s=0.05,
    longest_backoff_s=0.2,
    held_s=0.2,
    poll_s=0.05,
    recheck_s=0.5,
)
"""The outbox's pauses in the same order and about the same ratio, thirty times shorter."""


class Scene:
    """Everything around the way of an incident; `start` runs it, `stop` ends it, the store stays."""

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
        self.way: IncidentPipeline | None = None
        self.door_is_open = True
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
        )
        record = self.records[integration_id] = msgspec.structs.replace(known, **changes)
        self.routing.on_event("MODIFIED", Secret(SecretMeta(record_secret_name(record.id)), encode_record(record)))
        return record

    async def subscribe(self, integration_id: str = "one", scope: str = "account") -> None:
        """Let the simulator deliver to this integration's door, which stores and wakes as the receiver does."""

        async def take(request: Request) -> Response:
            if not self.door_is_open:
                return Response(status_code=404)
            body = await request.body()
            await self.store.add_webhook(
                NewWebhook(integration_id, request.headers["x-webhook-id"], "", time.time(), body)
            )
            if self.way is not None:
                self.way.wake.set()
            return Response(status_code=202)

        server = LoopbackServer(Starlette(routes=[Route("/", take, methods=["POST"])]), 0)
        await server.start()
        self.stack.push_async_callback(server.stop)
        self.pd.subscribe(server.url, scope=scope)

    async def put(self, body: bytes, integration_id: str = "one", webhook_id: str | None = None) -> None:
        """Store a webhook as if it had come through the door."""
        await self.store.add_webhook(NewWebhook(integration_id, webhook_id or new_event_id(), "", time.time(), body))
        if self.way is not None:
            self.way.wake.set()

    def start(self) -> IncidentPipeline:
        """Run the way of an incident."""
        self.routing.health.confirm()
        self.way = IncidentPipeline(self.store, self.routing, self.http, self.metrics, self.live_reader, QUICK)
        self._task = asyncio.create_task(self.way.run())
        return self.way

    async def stop(self) -> None:
        """End it as abruptly as a loop can: whatever is on its way is cut off."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def until(self, condition: Callable[[], object], timeout_s: float = 60.0) -> None:
        """Wait until something holds; fails after a while."""
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(0.01)

    async def until_async(self, condition: Callable[[], Awaitable[object]], timeout_s: float = 60.0) -> None:
        """Wait until something that must be awaited holds."""
        async with asyncio.timeout(timeout_s):
            while not await condition():  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(0.02)

    async def idle(self) -> None:
        """Wait until nothing is left to work, to send or to check."""

        async def is_idle() -> bool:
            depths = await self.store.depths(time.time())
            checks = await self.store.due_notes(time.time() + 30, 100)
            return depths.inbox == 0 and depths.notes == 0 and not checks

        await self.pd.drained()
        await self.until_async(is_idle)

    def text(self, incident_id: str) -> str:
        """Return the only note of an incident; empty while there is none."""
        notes = self.pd.notes(incident_id)
        assert len(notes) <= 1, [note.content for note in notes]
        return notes[0].content if notes else ""

    def counted(self, name: str, **labels: str) -> float:
        """Return a metric's value."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A scene with one integration that is not started yet."""
    async with AsyncExitStack() as stack:
        pd = await stack.enter_async_context(PagerDutySimulator())
        store = await SqliteStore.open(tmp_path / "store")
        stack.push_async_callback(store.close)
        http = create_client()
        stack.push_async_callback(http.aclose)
        made = Scene(pd, store, http, stack)
        stack.push_async_callback(made.stop)
        made.route()
        yield made


def _kubernetes_event(
    kind: str, name: str, event_type: EventType, at: float, event_details: dict[str, str], **more: Any
) -> ContextEvent:
    """Build an event as the Kubernetes source writes it."""
    workload = more.pop("workload", "payments-api")
    namespace = more.pop("namespace", "payments")
    labels = more.pop("labels", {})
    node = more.pop("node", "")
    is_node = kind == "Node"
    ref = ObjectRef(
        kind,
        "" if is_node else namespace,
        name,
        workload_kind="" if is_node else more.pop("workload_kind", "Deployment"),
        workload_name="" if is_node else workload,
        node=node,
        labels=labels,
    )
    return ContextEvent(
        id=new_event_id(at),
        tenant="" if is_node else namespace,
        source="kubernetes",
        dedup_key=f"{kind}/{namespace}/{name}/{event_type}/{at}",
        service_name="" if is_node else more.pop("service", workload),
        vendor="kubernetes",
        entity=f"{kind}/{name}",
        event_type=event_type,
        timestamp=at,
        last_seen=more.pop("last_seen", at),
        confidence=1.0,
        ttl_seconds=7200,
        object=ref,
        details=event_details,
        **more,
    )


def _rollout(
    at: float, new: str = "2.4.1", old: str = "2.4.0", template_hash: str = "h241", **more: Any
) -> ContextEvent:
    """Build a rollout of one workload."""
    workload = more.get("workload", "payments-api")
    facts = {
        details.IMAGE: f"registry.example.com/{workload}:{new}",
        details.PREVIOUS_IMAGE: f"registry.example.com/{workload}:{old}",
        details.TEMPLATE_HASH: template_hash,
        details.REVISION: "14",
    } | more.pop("facts", {})
    return _kubernetes_event("Deployment", workload, EventType.DEPLOY, at, facts, **more)


def _fault(
    at: float, reason: str = "CrashLoopBackOff", template_hash: str = "h241", pod: int = 0, **more: Any
) -> ContextEvent:
    """Build a fault of one pod."""
    workload = more.get("workload", "payments-api")
    facts = {details.REASON: reason, details.TEMPLATE_HASH: template_hash} | more.pop("facts", {})
    return _kubernetes_event("Pod", f"{workload}-{template_hash}-{pod}", EventType.RESTART, at, facts, **more)


@pytest.fixture
def make_rollout() -> Callable[..., ContextEvent]:
    """Make rollouts: `(at, new, old, template_hash, workload=, namespace=, service=, labels=, facts=)`."""
    return _rollout


@pytest.fixture
def make_fault() -> Callable[..., ContextEvent]:
    """Make faults of pods: `(at, reason, template_hash, pod, node=, ...)`."""
    return _fault


@pytest.fixture
def make_event() -> Callable[..., ContextEvent]:
    """Make any event of the cluster: `(kind, name, event_type, at, details, ...)`."""
    return _kubernetes_event
