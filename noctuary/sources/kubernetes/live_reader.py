"""The live view as correlation reads it: the faults and pods of an incident's services, as they are now."""

import asyncio
from collections.abc import Collection

import msgspec

from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import PodView, Relation, ServiceView
from noctuary.models.live_view import Limits, LiveReader, LiveView
from noctuary.models.routing_record import ServiceMapping
from noctuary.sources.kubernetes.live import LivePod, LiveState, read_live

MAX_SERVICES = 5
"""Own workloads come first; each service costs a handful of cached lists."""
NODES_UNSEEN = "nodes, because this release watches single namespaces and nodes belong to none"


def make_live_reader(kube: KubeClient, watched: Collection[str] = ()) -> LiveReader:
    """Return the reader over one API server connection; with `watched` it asks in these namespaces only."""

    async def read(services: list[ServiceView]) -> LiveView | None:
        """Read the services side by side; raises KubernetesError, also when the incident's own is refused."""
        seen = [view for service in services[:MAX_SERVICES] if (view := _within(service, watched)).namespaces]
        if not seen:
            return None
        answers = await asyncio.gather(*(_read(kube, service, with_nodes=not watched) for service in seen))
        states = [answer for answer in answers if isinstance(answer, LiveState)]
        return LiveView(
            events=[event for state in states for event in state.events],
            pods=[_pod(pod) for state in states for pod in state.pods],
            gaps=[answer for answer in answers if isinstance(answer, str)],
        )

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


async def _read(kube: KubeClient, service: ServiceView, *, with_nodes: bool) -> LiveState | str:
    """Read one service; a dependency that is refused is a sentence, because the others still tell something."""
    try:
        return await read_live(kube, _mapping(service), service.tenant, with_nodes=with_nodes)
    except KubernetesError as error:
        if service.relation is Relation.OWN or not is_refusal(error):
            raise
        return f"{service.name} as it is now, because the API server refuses to show it"


def _mapping(service: ServiceView) -> ServiceMapping:
    return ServiceMapping(service.name, None, service.match_labels, service.namespaces)


def _pod(pod: LivePod) -> PodView:
    return PodView(
        namespace=pod.namespace,
        name=pod.name,
        workload=pod.workload_name,
        template_hash=pod.template_hash,
        node=pod.node,
        is_ready=pod.ready,
        labels=pod.labels,
        started_at=pod.started_at,
        restarts=pod.restarts,
    )
