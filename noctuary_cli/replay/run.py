"""One recorded incident through the product's own parts: decoders, store, live view, correlation, note."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.errors import InvalidInput
from noctuary.common.http_client import HttpClient, create_client
from noctuary.common.metrics import Metrics
from noctuary.incidents.alerts import read_alerts
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.evidence.sight import IGNORED_REASONS, Sight
from noctuary.kube.reflector import Reflector, Sink
from noctuary.models.context_event import ContextEvent
from noctuary.models.evidence import AlertSummary, Evidence
from noctuary.models.incident import IncidentRow
from noctuary.models.live_view import LogReader, LogRequest
from noctuary.models.routing_record import RoutingRecord
from noctuary.notes.note import marker_of, render_note
from noctuary.pagerduty.client import PagerDutyClients
from noctuary.pagerduty.objects import Alert
from noctuary.pagerduty.tolerant import UNREADABLE, decode
from noctuary.sources.kubernetes.containers.log_reader import TAIL_LINES
from noctuary.sources.kubernetes.live_reader import make_live_reader, make_node_reader
from noctuary.sources.kubernetes.namespace_watches import NamespaceWatches
from noctuary.sources.kubernetes.revision_reader import make_revision_reader
from noctuary.sources.kubernetes.writer import Writer
from noctuary.sources.metrics.answers import read_recorded
from noctuary.sources.metrics.reader import make_recorded_reader
from noctuary.sources.posted import parse_item, to_event
from noctuary.store.interface import Store
from noctuary.store.open import open_store
from noctuary_cli.replay.bundle import Bundle
from noctuary_cli.replay.recorded_cluster import RecordedCluster
from noctuary_cli.replay.services import Told, services_of
from noctuary_cli.replay.times import captured_at, time_of, triggered_at

log = structlog.get_logger()

TENANT = "replay"
"""The namespace of the integration: what was posted belongs to it, whoever recorded it."""
READ_S = 120.0
"""Nobody waits for a note here, and a recording answers as fast as this machine decodes it."""
INTEGRATION = "replay"
MAX_LOOKBACK_S = 7 * 24 * 3600
"""Longer than a resource may ask for: who replays may look further."""


class Replayed(NamedTuple):
    """What the product made of a bundle; `odd` says what of it could not be used."""

    id: str
    evidence: Evidence
    note: str
    odd: list[str]


async def replay(bundle: Bundle, *, reads_live: bool = True) -> Replayed:
    """Play one bundle at the time of its recording; `reads_live` False: from what was stored alone.

    Raises InvalidInput that names what cannot be used.
    """
    now, told = captured_at(bundle), services_of(bundle)
    odd = list(bundle.odd)
    with clock.at(now), tempfile.TemporaryDirectory(prefix="noctuary-replay-") as directory:
        store = await open_store(Path(directory))
        try:
            cluster = RecordedCluster(bundle.objects)
            await _watch(cluster, store)
            await store.add_events(_events(bundle, now, odd))
            return await _answer(bundle, told, _sight(bundle, cluster, reads_live=reads_live), store, now, odd)
        finally:
            await store.close()


async def _watch(cluster: RecordedCluster, store: Store) -> None:
    """List everything once, as the watches do when they begin, and wait until it is stored."""

    def reflector(path: str, kind: type[Any], sink: Sink[Any], field_selector: str = "") -> Reflector[Any]:
        return Reflector(cluster, path, kind, sink, field_selector=field_selector)

    writer = Writer(store, Metrics())
    writing = asyncio.create_task(writer.run())
    try:
        await NamespaceWatches("", reflector, writer, [], reads_past=True).list_all()
        await writer.drained()
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


async def _answer(bundle: Bundle, told: Told, sight: Sight, store: Store, now: float, odd: list[str]) -> Replayed:
    record, incident = _record(bundle, told), _incident(bundle, told)
    async with create_client(EgressPolicy(())) as nobody:  # a recording asks no one
        enricher = Enricher(store, _clients(nobody), sight, read_s=READ_S, is_patient=True)
        evidence = await enricher.evidence(record, incident, now, alerts=_alerts(bundle, incident, odd))
    marker = marker_of(record.id, "", incident.incident_id)
    return Replayed(bundle.id, evidence, render_note(incident, evidence, marker, now), odd)


def _log_reader(bundle: Bundle) -> LogReader:
    """Return what reads the recorded end of a log, as an API server would."""

    async def read(request: LogRequest) -> list[str] | None:
        name = f"{request.namespace}/{request.pod}/{request.container}"
        text = bundle.logs.get(f"{name}.previous" if request.previous else name)
        return None if text is None else text.splitlines()[-TAIL_LINES:]

    return read


def _sight(bundle: Bundle, cluster: RecordedCluster, *, reads_live: bool) -> Sight:
    metrics = make_recorded_reader(read_recorded(bundle.metrics)) if bundle.metrics else None
    if not reads_live:
        return Sight(ignored_reasons=IGNORED_REASONS, metrics=metrics)
    return Sight(
        make_live_reader(cluster, namespaces_s=READ_S),
        make_revision_reader(cluster),
        ignored_reasons=IGNORED_REASONS,
        nodes=make_node_reader(cluster),
        metrics=metrics,
        logs=_log_reader(bundle) if bundle.logs else None,
    )


def _clients(nobody: HttpClient) -> PagerDutyClients:
    return PagerDutyClients(nobody, lambda _call, _outcome: None, lambda _ids, _items: None)


def _record(bundle: Bundle, told: Told) -> RoutingRecord:
    return RoutingRecord(
        id=INTEGRATION,
        namespace=TENANT,
        name=INTEGRATION,
        created_at=0.0,
        generation=1,
        direction="bidirectional",
        api_url="https://api.pagerduty.com",
        services=told.services,
        lookback_s=int(_number(bundle.incident.get("lookback_s"), 3600, MAX_LOOKBACK_S)),
        minimum_confidence=_number(bundle.incident.get("minimum_confidence"), 0.3, 1.0),
    )


def _number(value: Any, default: float, most: float) -> float:
    """Return a number between 0 and the most; the default for what is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= most else default


def _incident(bundle: Bundle, told: Told) -> IncidentRow:
    began = triggered_at(bundle.incident)
    return IncidentRow(
        integration_id=INTEGRATION,
        incident_id=bundle.id,
        title=str(bundle.incident.get("title") or ""),
        service_id=told.service_id,
        service_name=told.service_name,
        triggered_at=began,
        updated_at=began,
    )


def _alerts(bundle: Bundle, incident: IncidentRow, odd: list[str]) -> AlertSummary:
    found: list[Alert] = []
    told = bundle.incident.get("alerts") or []
    if not isinstance(told, list):
        odd.append("incident.alerts is no list and was left out")
        told = []
    for index, raw in enumerate(told):
        try:
            alert, _ = decode(msgspec.json.encode(raw), Alert)
        except UNREADABLE:
            odd.append(f"incident.alerts[{index}] is no alert and was left out")
            continue
        found.append(alert if alert.summary else msgspec.structs.replace(alert, summary=_title(raw)))
    return read_alerts(found, incident.triggered_at)


def _title(raw: Any) -> str:
    return str(raw.get("title") or raw.get("name") or "") if isinstance(raw, dict) else ""


def _events(bundle: Bundle, now: float, odd: list[str]) -> list[ContextEvent]:
    events = []
    for number, line in enumerate(bundle.events, 1):
        try:
            events.append(_event(line, now))
        except InvalidInput as error:
            odd.append(f"events.ndjson line {number} was left out: {error.field} {error.problem}")
    return events


def _event(line: bytes, now: float) -> ContextEvent:
    """Read an event as it is stored, or as it is posted; what was posted belongs to the integration."""
    try:
        event = msgspec.json.decode(line, type=ContextEvent)
    except msgspec.DecodeError:
        return to_event(parse_item(_with_text_time(line)), TENANT, now)
    return event if event.source == "kubernetes" else msgspec.structs.replace(event, tenant=TENANT)


def _with_text_time(line: bytes) -> bytes:
    """Return a posted event with its time as text: recordings also give seconds since the epoch."""
    try:
        told = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return line
    if not isinstance(told, dict) or "timestamp" not in told:
        return line
    return msgspec.json.encode(told | {"timestamp": clock.format_time(time_of(told["timestamp"], "timestamp"))})
