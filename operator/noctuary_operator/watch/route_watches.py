"""The watches of our routes: Ingresses always, HTTPRoutes while some integration uses them and the CRD is served."""

import asyncio
from collections.abc import Collection

import structlog

from noctuary.common.errors import KubernetesError
from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import ChangeType, Reflector, Sink
from noctuary.models.routing_record import ROLE_LABEL, ROLE_ROUTE
from noctuary_operator.plan.routes.http_routes import HTTP_ROUTE, http_routes_absent
from noctuary_operator.plan.routes.kinds import ROUTE_KINDS
from noctuary_operator.resources.objects import RouteObject
from noctuary_operator.watch.cluster_view import ClusterView
from noctuary_operator.watch.watches import STALE_AFTER_S

log = structlog.get_logger()

RECHECK_S = 15.0
"""How often we check whether a CRD that is needed is served by now, and whether it is still needed."""
ABSENT = frozenset({403, 404})
"""Answers to a LIST of a CRD that is not served, or not to us: no watch of it is tried then."""


def route_reflector(
    kind: str, client: KubeClient, namespace: str, sink: Sink[RouteObject], ends_on: Collection[int] = ()
) -> Reflector[RouteObject]:
    """Return the watch of our routes of one kind."""
    path = ROUTE_KINDS[kind].path(namespace, "")
    return Reflector(client, path, RouteObject, sink, label_selector=f"{ROLE_LABEL}={ROLE_ROUTE}", ends_on=ends_on)


class HttpRouteWatch:
    """Fills the cache of HTTPRoutes; the Gateway API may be missing, come and go while we run.

    Before the first integration wants one and after the last is gone it costs no request but that of `list_once`.
    """

    def __init__(
        self, client: KubeClient, view: ClusterView, release_namespace: str, recheck_s: float = RECHECK_S
    ) -> None:
        self._client = client
        self._view = view
        self._namespace = release_namespace
        self._recheck_s = recheck_s
        self._wanted = asyncio.Event()
        self._running: Reflector[RouteObject] | None = None
        self._is_new = True

    def stuck(self) -> int:
        """Count the watch when it runs and is stale; a missing CRD is not fixed by a restart."""
        if self._running is None or not self._running.health.synced.is_set():
            return 0
        return int(self._running.health.age_s() > STALE_AFTER_S)

    def notify(self) -> None:
        """Begin to watch when somebody wants an HTTPRoute, or has one left."""
        if self._is_wanted():
            self._wanted.set()

    async def list_once(self) -> None:
        """List once what we have, before anything is reconciled; an API server without the CRD is no error."""
        try:
            await self._reflector().list_once()
        except KubernetesError as error:
            log.info("HTTPRoutes cannot be listed", status=error.status, error=str(error))
            if error.status not in ABSENT:
                self._wanted.set()  # they may be there: the watch finds out
        self.notify()

    async def run(self) -> None:
        """Watch while HTTPRoutes are wanted; ends only by cancellation."""
        while True:
            await self._wanted.wait()
            await self._watch()
            if self._view.http_routes_absent is not None:
                await asyncio.sleep(self._recheck_s)
            if not self._is_wanted():
                self._view.http_routes_absent = None  # not known any more
                self._wanted.clear()

    def on_list(self, objects: list[RouteObject]) -> None:
        """Handle the complete state, as a LIST gave it."""
        self._view.routes[HTTP_ROUTE].scope(self._namespace).on_list(objects)
        if self._view.http_routes_absent is not None:
            self._view.http_routes_absent = None
            log.info("HTTPRoutes are served again")
        if self._is_new:  # earlier reconciles may have met an API server without the CRD
            self._is_new = False
            self._view.wake_users_of_route(HTTP_ROUTE)

    def on_event(self, change: ChangeType, obj: RouteObject) -> None:
        """Handle one change, as the watch gave it."""
        self._view.routes[HTTP_ROUTE].apply_event(change, obj)

    def _reflector(self) -> Reflector[RouteObject]:
        return route_reflector(HTTP_ROUTE, self._client, self._namespace, self, ABSENT)

    def _is_wanted(self) -> bool:
        return bool(self._view.integrations.users_of_route(HTTP_ROUTE) or any(self._view.routes[HTTP_ROUTE].all()))

    async def _watch(self) -> None:
        """Watch until no integration needs it any more or the CRD is gone."""
        self._is_new = True
        self._running = self._reflector()
        watch = asyncio.create_task(self._running.run())
        try:
            while not watch.done() and (self._is_wanted() or self._is_new):
                await asyncio.wait({watch}, timeout=self._recheck_s)
            if watch.done():
                watch.result()
        except KubernetesError as error:
            self._gone(error)
        finally:
            self._running = None
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    def _gone(self, error: KubernetesError) -> None:
        before, self._view.http_routes_absent = self._view.http_routes_absent, http_routes_absent(error)
        self._view.routes[HTTP_ROUTE].clear()
        if self._view.http_routes_absent != before:
            log.warning("HTTPRoutes are not served, polling for the CRD", error=str(error), retry_in_s=self._recheck_s)
            self._view.wake_users_of_route(HTTP_ROUTE)
