"""The receiver's process: builds the parts, runs them in one event loop and ends them in order."""

import asyncio
import hashlib
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from typing import NamedTuple

import structlog
import uvloop

from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.http_client import create_client
from noctuary.common.metrics import Metrics
from noctuary.incidents.evidence.sight import Sight
from noctuary.incidents.pipeline import IncidentPipeline
from noctuary.kube.client import KubeClient
from noctuary.kube.lease import Lease
from noctuary.routing.operator_token import OperatorToken
from noctuary.routing.table import RoutingTable
from noctuary.routing.watches import reflectors
from noctuary.serving.connections import Connections
from noctuary.serving.internal_port import make_internal_server
from noctuary.serving.server import Server, make_server, raise_file_limit
from noctuary.sources.kubernetes.changes.unseen import with_unseen_changes
from noctuary.sources.kubernetes.containers.log_reader import make_log_reader
from noctuary.sources.kubernetes.live_reader import make_limits, make_live_reader, make_node_reader
from noctuary.sources.kubernetes.revision_reader import make_revision_reader
from noctuary.sources.kubernetes.source import LEASE_NAME, KubernetesSource
from noctuary.sources.metrics.live import make_live_metrics
from noctuary.store.limits import StoreLimits
from noctuary.store.open import open_store
from webhook_receiver.app import create_app
from webhook_receiver.background import TaskEnded, Tasks, retain, supervise, sweep, watch_store
from webhook_receiver.deps import Deps
from webhook_receiver.process import favour_event_loop
from webhook_receiver.reports import ReportLog
from webhook_receiver.routes.internal import create_internal_app
from webhook_receiver.servers import (
    WANTED_FILES,
    Ports,
    backlog_for,
    bind,
    connections_for,
    write_port_file,
)
from webhook_receiver.settings import ReceiverSettings
from webhook_receiver.token_proofs import TokenProofs

log = structlog.get_logger()


class Parts(NamedTuple):
    """What a running receiver is made of."""

    deps: Deps
    kube: KubeClient
    pipeline: IncidentPipeline
    source: KubernetesSource


def run(settings: ReceiverSettings) -> None:
    """Run until SIGTERM or SIGINT; raises InvalidInput for what a person must change, exits with 1 if a part failed."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except TaskEnded:
        # Without clean-up: closing a store whose fsync failed would repeat the fsync, which may then lie.
        sys.stderr.flush()
        os._exit(1)


async def serve(settings: ReceiverSettings) -> None:
    """Serve until told to stop; raise TaskEnded when a part failed."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        parts = await build(settings, stack)
        favour_event_loop()
        files = raise_file_limit(WANTED_FILES)
        ports = bind(settings.host, settings.public_port, settings.internal_port, backlog_for(files))
        servers = make_servers(parts.deps, files)
        listening = asyncio.create_task(_listen(servers, ports, stop))
        _announce(settings, ports)
        try:
            await supervise({**background_tasks(settings, parts), "servers": _wait(listening)}, stop)
        finally:
            stop.set()
            await listening
    log.info("Receiver stopped")


def make_servers(deps: Deps, files: int) -> list[Server]:
    """Build the servers of both ports, each with connections of its own, for so many files in all."""
    public = Connections(deps.metrics, "public", connections_for(files))
    return [
        make_server(create_app(deps), public, backlog_for(files)),
        make_internal_server(create_internal_app(deps), deps.metrics, "internal"),
    ]


async def build(settings: ReceiverSettings, stack: AsyncExitStack) -> Parts:
    """Open the store and the connections; they are closed with the stack, in reverse order."""
    kube = await KubeClient.connect(settings.kubeconfig)
    stack.push_async_callback(kube.close)
    metrics = Metrics()
    store = await open_store(settings.data_dir, store_limits(settings), metrics)
    stack.push_async_callback(store.close)
    http = create_client(egress_policy(settings))
    stack.push_async_callback(http.aclose)
    routing, proofs = RoutingTable(), TokenProofs()
    await proofs.load(store)
    proofs.follow(routing)
    watched = settings.watch_namespaces
    metrics_http = create_client(metrics_policy(settings))
    stack.push_async_callback(metrics_http.aclose)
    source = KubernetesSource(
        kube,
        store,
        metrics,
        lambda: _lease(kube, settings),
        namespaces=watched,
        unwatched=settings.unwatched_kinds,
    )
    sight = Sight(
        make_live_reader(kube, watched, reads_specs=settings.read_specs),
        make_revision_reader(kube, watched),
        nodes=make_node_reader(kube, watched),
        limits=with_unseen_changes(make_limits(watched), source.health, settings.unwatched_kinds),
        logs=make_log_reader(kube, watched) if settings.read_logs else None,
        ignored_reasons=settings.ignored_reasons,
        metrics=make_live_metrics(metrics_http),
    )
    pipeline = IncidentPipeline(store, routing, http, metrics, sight)
    deps = Deps(
        store=store,
        routing=routing,
        internal_token=OperatorToken(),
        metrics=metrics,
        proofs=proofs,
        reports=ReportLog(routing, pipeline.unread, pipeline.proofs.outranked),
        routing_max_age_s=settings.routing_max_age_s,
        wake_worker=pipeline.wake.set,
        watches=source.health,
    )
    return Parts(deps, kube, pipeline, source)


def egress_policy(settings: ReceiverSettings) -> EgressPolicy:
    """Return whom the receiver may ask."""
    return EgressPolicy(settings.egress_hosts, settings.egress_private_hosts, settings.allow_http_api)


def metrics_policy(settings: ReceiverSettings) -> EgressPolicy:
    """Return whom the receiver may ask for metrics: who is named stands mostly in the cluster, without TLS."""
    return EgressPolicy(settings.prometheus_hosts, settings.prometheus_hosts, plain_http=True)


def store_limits(settings: ReceiverSettings) -> StoreLimits:
    """Return what one tenant or integration may keep."""
    return StoreLimits(
        tenant_events=settings.max_tenant_events,
        tenant_event_bytes=settings.max_tenant_event_bytes,
        tenant_services=settings.max_tenant_services,
        incidents_per_integration=settings.max_incidents_per_integration,
        tenant_webhook_bytes=settings.max_tenant_webhook_bytes,
        tenant_incident_bytes=settings.max_tenant_incident_bytes,
        store_bytes=settings.max_store_bytes,
        incident_retention_s=settings.incident_retention_s,
    )


def _lease(kube: KubeClient, settings: ReceiverSettings) -> Lease:
    # The store's lock lets one process live on a directory: after a crash the next one there takes its Lease at once.
    directory = hashlib.sha256(bytes(settings.data_dir.resolve())).hexdigest()[:8]
    return Lease(kube, settings.release_namespace, LEASE_NAME, f"{socket.gethostname()}_{directory}")


def background_tasks(settings: ReceiverSettings, parts: Parts) -> Tasks:
    """Return what runs beside the routes, by name."""
    deps = parts.deps
    records, internal = reflectors(
        parts.kube, settings.release_namespace, deps.routing, deps.internal_token, settings.routing_max_age_s
    )
    tasks = {
        "routing records": records.run(),
        "internal token": internal.run(),
        "incidents": parts.pipeline.run(),
        "sweep": sweep(deps.store),
        "retention": retain(deps.store, deps.routing, settings.routing_max_age_s),
        "store": watch_store(deps.store),
    }
    if settings.watch_cluster:
        tasks["cluster"] = parts.source.run()
    return tasks


async def _listen(servers: list[Server], ports: Ports, stop: asyncio.Event) -> None:
    serving = [asyncio.create_task(server.serve([sock])) for server, sock in zip(servers, ports, strict=True)]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)


async def _wait(task: "asyncio.Task[None]") -> None:
    await asyncio.shield(task)


def _announce(settings: ReceiverSettings, ports: Ports) -> None:
    if settings.port_file is not None:
        write_port_file(settings.port_file, ports)
    log.info("Receiver listens", host=settings.host, namespace=settings.release_namespace, **ports.numbers())
