"""All parts of the operator, wired by their constructors and started in order."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from noctuary.common.http_client import HttpClient
from noctuary.common.tasks import cancel, finish_unless_stopped, run_until_first_ends
from noctuary.kube.client import METADATA, METADATA_LIST, KubeClient
from noctuary.kube.reflector import Reflector
from noctuary_operator.act.apply import Applier
from noctuary_operator.act.events import EventRecorder
from noctuary_operator.act.internal_token import InternalTokenSecret
from noctuary_operator.act.reconcile import Reconciler
from noctuary_operator.act.sweep import Sweeper
from noctuary_operator.act.workqueue import WorkQueue
from noctuary_operator.metrics import OperatorMetrics
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.policy import Policy
from noctuary_operator.resources import paths
from noctuary_operator.resources.objects import NamespaceHead
from noctuary_operator.settings import OperatorSettings
from noctuary_operator.signals import Signals
from noctuary_operator.watch.cluster_view import INTERNAL_KEY, ClusterView
from noctuary_operator.watch.integration_events import IntegrationEvents
from noctuary_operator.watch.kopf_watch import run_kopf
from noctuary_operator.watch.namespaces import NamespacePoller
from noctuary_operator.watch.receiver_reports import ReceiverReports
from noctuary_operator.watch.route_watches import HttpRouteWatch, route_reflector
from noctuary_operator.watch.secret_access import SecretAccess
from noctuary_operator.watch.secret_values import SecretValues
from noctuary_operator.watch.watches import Watches, labelled_secrets, secret_heads

log = structlog.get_logger()

UNFILLED_S = 1.0
"""How soon an integration is retried whose namespace was not listed yet, or is closed to us."""
REFUSED_S = 5.0
"""How soon it is seen that a Role has come by which we may read the Secrets of a namespace."""


class Operator:
    """All parts of the process, wired; `run` starts them in order and ends when one of them does."""

    def __init__(
        self, settings: OperatorSettings, client: KubeClient, http: HttpClient, metrics: OperatorMetrics
    ) -> None:
        self._settings = settings
        self._client = client
        self._metrics = metrics
        self._view = ClusterView(
            settings.release_namespace,
            self._wake,
            settings.watch_namespaces,
            settings.max_integrations_per_namespace,
        )
        self._queue = WorkQueue(self._work, settings.concurrency, metrics, self._view.integrations.namespace_of)
        self._internal = InternalTokenSecret(client, self._view, settings.release_namespace)
        self._reports = ReceiverReports(
            http, settings.receiver_internal_url or "", self._internal.value, self._wake_id, metrics
        )
        self._watches = Watches(
            build_reflectors(client, self._view, settings), build_single(client, self._view, settings)
        )
        self._secrets = SecretAccess(self._watches, settings)
        self._reconciler = self._build_reconciler(client)
        self._sweeper = Sweeper(client, self._view, self._wake, settings.watch_namespaces)
        self._namespaces = NamespacePoller(
            client, self._view.namespaces, settings.watch_namespaces, self._watches.is_refused, metrics
        )
        self._http_routes = HttpRouteWatch(client, self._view, settings.release_namespace)
        self._events = IntegrationEvents(self._view, self._wake, self._http_routes.notify)

    def _build_reconciler(self, client: KubeClient) -> Reconciler:
        settings = self._settings
        values = SecretValues(client, self._view, self._metrics)
        return Reconciler(
            client,
            self._view,
            Applier(client, self._view, values, settings.release_namespace, self._metrics),
            values,
            EventRecorder(client, settings.identity, self._metrics),
            Policy(
                settings.allowed_webhook_hosts,
                settings.allowed_api_hosts,
                settings.allowed_route_annotations,
                settings.allowed_prometheus_hosts,
                settings.allowed_ingress_classes,
                settings.allowed_tls_secrets,
                settings.allow_http_api,
                settings.consent_required,
            ),
            Backend(settings.release_namespace, settings.receiver_service, settings.receiver_port),
            self._reports,
            self._is_closed,
        )

    def problem(self) -> str | None:
        """Return why the process should be restarted, None when it should not."""
        stuck = self._watches.stuck() + self._http_routes.stuck()
        return f"{stuck} watches are stuck" if stuck else None

    def remarks(self) -> list[str]:
        """Return what a person should know although a restart would not fix it."""
        return self._namespaces.unreadable.describe()

    async def run(self, stop: asyncio.Event, signals: Signals) -> None:
        """Fill the caches, then serve until `stop` is set or a part ends; raise the error of a part that failed."""
        if not await finish_unless_stopped(self._sweeper.wait_for_crd(), stop):
            return
        watches = [*self._watches.start(), asyncio.create_task(self._namespaces.run())]
        try:
            first = (self._watches.answered(), self._namespaces.health.synced.wait(), self._http_routes.list_once())
            if not await finish_unless_stopped(asyncio.gather(*first), stop):
                return
            if not await finish_unless_stopped(self._sweeper.seat_all(), stop):
                return
            self._view.mark_filled()
            self._metrics.working.set(1)
            self._wake(INTERNAL_KEY)
            log.info("Caches filled", labelled_secrets=len(list(self._view.labelled.all())))
            ended = await run_until_first_ends([*self._parts(stop, signals), *watches], stop)
            if ended is not None and not ended.cancelled():
                ended.result()
        finally:
            self._metrics.working.set(0)
            await cancel(watches)

    def _parts(self, stop: asyncio.Event, signals: Signals) -> list[asyncio.Task[None]]:
        parts: list[Coroutine[Any, Any, None]] = [
            self._queue.run(),
            run_kopf(self._events.on_event, self._client, self._settings.watch_namespaces, stop, signals),
            self._sweeper.run(self._settings.sweep_interval_s),
            self._http_routes.run(),
        ]
        if self._settings.receiver_internal_url is not None:
            parts.append(self._reports.run(self._settings.poll_interval_s))
        return [asyncio.create_task(part) for part in parts]

    def _wake(self, key: str) -> None:
        self._queue.add(key)

    def _wake_id(self, integration_id: str) -> None:
        self._wake(self._view.key_of(integration_id))

    def _is_closed(self, namespace: str) -> bool:
        return bool(self._settings.watch_namespaces) and self._watches.is_refused(namespace)

    async def _work(self, key: str) -> float | None:
        if key == INTERNAL_KEY:
            await self._internal.ensure()
            return None
        integration = self._view.integrations.get(key)
        if integration is None:
            return await self._reconciler.reconcile(key)
        problem = self._secrets.problem(integration.namespace)
        if problem is not None:
            await self._reconciler.hold(integration, problem, "TokenReady")
            return REFUSED_S
        if not self._secrets.is_open(integration.namespace):
            return UNFILLED_S  # else its Secrets would look missing and be replaced
        await self._sweeper.seat(integration.namespace)
        return await self._reconciler.reconcile(key)


def build_reflectors(client: KubeClient, view: ClusterView, settings: OperatorSettings) -> list[Reflector[Any]]:
    """Return the watches that all work needs: ours in the release's namespace, and those of the whole cluster."""
    release = settings.release_namespace
    found: list[Reflector[Any]] = [
        route_reflector("Ingress", client, release, view.routes["Ingress"].scope(release)),
        labelled_secrets(client, view, release),
    ]
    if settings.watch_namespaces:
        return found
    if not settings.names_secret_namespaces:
        found.append(secret_heads(client, view, ""))
    heads = Reflector(
        client, paths.NAMESPACES, NamespaceHead, view.namespaces.scope(""), accept=METADATA, list_accept=METADATA_LIST
    )
    return [*found, heads]


def build_single(client: KubeClient, view: ClusterView, settings: OperatorSettings) -> dict[str, list[Reflector[Any]]]:
    """Return the watch of each single namespace's Secrets."""
    names = settings.secret_namespaces if settings.names_secret_namespaces else settings.watch_namespaces
    return {name: [secret_heads(client, view, name)] for name in names}
