"""The live view as correlation reads it: the faults and pods of an incident's services, as they are now."""

import asyncio
from collections.abc import Collection

import msgspec

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import Limits, LiveReader, LiveView
from noctuary.sources.kubernetes.live import MAX_OBJECTS, read_live

MAX_SERVICES = 5
"""Own workloads come first; each service costs a handful of cached lists."""
NODES_UNSEEN = "nodes, because this release watches single namespaces and nodes belong to none"


def make_live_reader(kube: KubeClient, watched: Collection[str] = (), max_objects: int = MAX_OBJECTS) -> LiveReader:
    """Return the reader over one API server connection; with `watched` it asks in these namespaces only."""

    async def read(services: list[ServiceView]) -> LiveView | None:
        """Read the services side by side; raises KubernetesError, also when the incident's own is refused."""
        seen = [view for service in services[:MAX_SERVICES] if (view := _within(service, watched)).namespaces]
        if not seen:
            return None
        reads = (_read(kube, service, with_nodes=not watched, max_objects=max_objects) for service in seen)
        return _join(await asyncio.gather(*reads))

    return read


def make_limits(watched: Collection[str]) -> Limits:
    """Return what says which parts of the cluster are never looked at by a release that watches these namespaces."""

    def limits(services: list[ServiceView]) -> list[str]:
        if not watched:
            return []
        unseen = sorted({name for service in services for name in service.namespaces if name not in watched})
        return [NODES_UNSEEN, *(f"namespace {name}, because this release does not watch it" for name in unseen)]

    return limits


def _within(service: ServiceView, watched: Collection[str]) -> ServiceView:
    if not watched:
        return service
    return msgspec.structs.replace(service, namespaces=[name for name in service.namespaces if name in watched])


async def _read(kube: KubeClient, service: ServiceView, *, with_nodes: bool, max_objects: int) -> LiveView:
    """Read one service; a dependency that is refused is a gap, because the others still show something."""
    try:
        return await read_live(kube, service, with_nodes=with_nodes, max_objects=max_objects)
    except KubernetesError as error:
        if service.relation is Relation.OWN or not is_refusal(error):
            raise
        return LiveView(gaps=[f"{service.name} as it is now, because the API server refuses to show it"])


def _join(views: list[LiveView]) -> LiveView:
    return LiveView(
        events=[event for view in views for event in view.events],
        pods=[pod for view in views for pod in view.pods],
        gaps=[gap for view in views for gap in view.gaps],
    )
