"""One incident as the receiver lives it: watches of a cluster, a store, webhooks, and the note that it would post.

Everything between a raw object or a webhook and the note is the release's own; only the API server and PagerDuty are
played. Loaded by older releases, too.
"""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, Self, cast
from unittest import mock

import httpx
import msgspec

from noctuary.common import clock
from noctuary.common.metrics import Metrics
from noctuary.incidents import enrichment
from noctuary.incidents.pipeline import IncidentPipeline
from noctuary.incidents.told.sightings import sighting_of_event
from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import ChangeType
from noctuary.models.context_event import ContextEvent
from noctuary.models.routing_record import RoutingRecord, ServiceMapping
from noctuary.pagerduty.webhook import parse_webhook
from noctuary.routing.directory import RoutingDirectory
from noctuary.sources.kubernetes.draft import clamp
from noctuary.sources.kubernetes.kinds.registry import WATCHED_KINDS
from noctuary.sources.kubernetes.live_reader import make_live_reader
from noctuary.sources.kubernetes.namespace_watches import ROLLOUT_KINDS
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.watched_kind import SinkContext
from noctuary.store.changes import Mutation
from noctuary.store.interface import Store
from noctuary.store.open import open_store
from testbed.before_after.api_server import ApiServer
from testbed.before_after.objects import DAY, NAMESPACE, Json, when
from testbed.before_after.world import ONSET

API_URL = "https://api.pagerduty.com"
WEB_HOST = "shop.pagerduty.com"
INCIDENT = "Q1"
ERRORS = "HTTP 5xx rate 40 % (was 0.1 %)"
WEB = (ServiceMapping("web", "PWEB", {"app": "web"}, [NAMESPACE]),)
_PATIENCE_S = 60.0
"""A machine busy with other work reads the played cluster late: its notes are to be the same."""
_WATCHED_SINCE = -20 * DAY


class ClusterScene(NamedTuple):
    """One incident of the first of its services: the item of the list of faults, and what happens."""

    item: str
    title: str
    play: Callable[["Cluster"], Awaitable[None]]
    services: tuple[ServiceMapping, ...] = WEB
    lookback_s: int = 3600


def note_of(scene: ClusterScene) -> str:
    """Return the note that stands when a scene is over, as the release that is imported writes it."""
    with tempfile.TemporaryDirectory(prefix="noctuary-scene-") as directory:
        return asyncio.run(_play(scene, Path(directory)))


async def _play(scene: ClusterScene, directory: Path) -> str:
    with _played_time() as time:
        store = await open_store(directory)
        try:
            async with Cluster(store, scene, time) as cluster:
                await scene.play(cluster)
            # Older releases keep a note by the API's URL.
            note = await store.note(WEB_HOST, INCIDENT) or await store.note(API_URL, INCIDENT)
        finally:
            await store.close()
    if note is None:
        raise AssertionError(f"no note was written: {scene.title}")
    return note.text


@contextmanager
def _played_time() -> Iterator[SimpleNamespace]:
    time = SimpleNamespace(now=ONSET + _WATCHED_SINCE)
    with (
        mock.patch.object(clock, "time", SimpleNamespace(time=lambda: time.now)),
        mock.patch.object(enrichment, "LIVE_READ_TIMEOUT_S", _PATIENCE_S),
    ):
        yield time


class Cluster:
    """A cluster, the receiver that watches it, and PagerDuty; times are seconds after the alert."""

    def __init__(self, store: Store, scene: ClusterScene, time: SimpleNamespace) -> None:
        self._store, self._time, self._opened = store, time, when(0)
        self._service = {"id": scene.services[0].pagerduty_service_id, "summary": scene.services[0].name}
        self._api = ApiServer()
        self._incident: Json = {}
        self._seen: list[ContextEvent] = []
        context = SinkContext(self, RolloutTracker(self, [], ROLLOUT_KINDS))
        # One kind is watched twice; of its watches the first is kept, that of Warnings.
        self._sinks = {each.kind.__name__: (each.kind, each.make_sink(context)) for each in reversed(WATCHED_KINDS)}
        for _, sink in self._sinks.values():
            sink.on_list([])
        self._record = RoutingRecord(
            id="i",
            namespace=NAMESPACE,
            name="i",
            created_at=0,
            generation=1,
            direction="bidirectional",
            api_url=API_URL,
            api_token="played",  # noqa: S106 - PagerDuty is played
            services=list(scene.services),
            lookback_s=scene.lookback_s,
        )
        self._http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        routing, sight = cast("RoutingDirectory", _OneRecord(self._record)), _sight(cast("KubeClient", self._api))
        self._updater = IncidentPipeline(store, routing, self._http, Metrics(), sight).updater

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.aclose()

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:  # noqa: ARG002
        """Take what the watches make of objects, as the queue to the store does."""
        self._seen += [clamp(event, clock.now()) for event in events]

    def see(self, at: float, *objects: Json) -> None:
        """Have objects made or changed."""
        self._time.now = ONSET + at
        for each in objects:
            self._watch(self._api.keep(each), each)

    def remove(self, at: float, *objects: Json) -> None:
        """Have objects deleted."""
        self._time.now = ONSET + at
        for each in objects:
            last = self._api.drop(each)
            self._watch("DELETED", last | {"metadata": last["metadata"] | {"deletionTimestamp": when(at)}})

    async def tell(self, kind: str, at: float, *, service: Json | None = None, **data: Any) -> None:
        """Have PagerDuty tell of the incident; what the watches saw until then is stored first."""
        self._time.now = ONSET + at
        await self._store.add_events(self._seen)
        self._seen, self._opened = [], data.pop("created_at", when(0))
        told = {"id": INCIDENT, "type": "incident", "created_at": self._opened, "service": service or self._service}
        status = kind if kind in ("acknowledged", "resolved") else "triggered"
        agent = {"id": "U1", "type": "user_reference", "summary": "On-call"}
        event = {"id": f"{kind}-{at}", "event_type": f"incident.{kind}", "occurred_at": when(at), "agent": agent}
        body = json.dumps({"event": event | {"data": {**told, "status": status, **data}}})
        page = f"https://{WEB_HOST}/incidents/{INCIDENT}"
        self._incident = {**told, "status": status, "last_status_change_at": when(at), "html_url": page, **data}
        parsed = parse_webhook(body.encode(), clock.now())
        if parsed.incident is None:
            raise AssertionError("the webhook tells of no incident")
        await self._updater.update(self._record, [sighting_of_event(parsed, parsed.incident)])

    def _watch(self, change: ChangeType, raw: Json) -> None:
        if raw["kind"] in self._sinks:  # older releases watch fewer kinds
            kind, sink = self._sinks[raw["kind"]]
            sink.on_event(change, msgspec.json.decode(json.dumps(raw), type=kind))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == f"/incidents/{INCIDENT}":
            return httpx.Response(200, json={"incident": self._incident})
        alert = {"id": "A1", "status": "triggered", "created_at": self._opened, "summary": ERRORS}
        return httpx.Response(200, json={"alerts": [alert] if request.url.path.endswith("/alerts") else []})


class _OneRecord:
    """The routing table of one integration."""

    def __init__(self, record: RoutingRecord) -> None:
        self._record = record

    def __iter__(self) -> Iterator[RoutingRecord]:
        return iter([self._record])

    def get(self, _integration_id: str) -> RoutingRecord:
        return self._record

    def age_s(self) -> float:
        return 0.0

    def subscribe(self, _listener: Callable[[str], None]) -> None:
        """Never call it: nothing changes."""


def _sight(kube: KubeClient) -> Any:
    """Return how the cluster is read: older releases know the live view only."""
    live = make_live_reader(kube)
    try:
        from noctuary.incidents.evidence.sight import IGNORED_REASONS, Sight  # noqa: PLC0415 - older releases have none
        from noctuary.sources.kubernetes.revision_reader import make_revision_reader  # noqa: PLC0415
    except ImportError:
        return live
    sight = Sight(live=live, revisions=make_revision_reader(kube), ignored_reasons=IGNORED_REASONS)
    try:
        from noctuary.sources.kubernetes.live_reader import make_node_reader  # noqa: PLC0415
    except ImportError:
        return sight
    return sight._replace(nodes=make_node_reader(kube))
