"""The live view: what the workloads of a service and their pods look like now, read when an incident comes."""

import asyncio
from collections.abc import Iterable
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec

from noctuary.common.clock import now as wall_clock
from noctuary.common.errors import KubernetesError, KubernetesUnavailable
from noctuary.kube.client import KubeClient
from noctuary.kube.objects import DaemonSet, Deployment, Node, Pod, ReplicaSet, StatefulSet, controller_of, seconds
from noctuary.kube.reflector import ListMeta
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.routing_record import ServiceMapping
from noctuary.sources.kubernetes.draft import clamp
from noctuary.sources.kubernetes.identity import PodIdentity, identify_pod
from noctuary.sources.kubernetes.kinds.nodes import node_faults
from noctuary.sources.kubernetes.kinds.pods import (
    CONFIGURATION_REASONS,
    CRASH_LOOP,
    IMAGE_REASONS,
    UNSCHEDULABLE,
    is_ready,
    pod_faults,
)
from noctuary.sources.kubernetes.rollouts import current_revision, rolled_out_at, rollout
from noctuary.sources.kubernetes.workloads import Revision, WorkloadView, view_replica_set, view_workload

MAX_OBJECTS = 1000
"""Objects of one kind in one namespace that are looked at: a note about more would say no more."""
PAGE_SIZE = 500
MAX_NODES = 20
"""Nodes that are looked at: pods in trouble first."""
DEADLINE_S = 5.0
"""The note must stand within seconds; it is written without this view when it does not come."""
MAX_ROLLOUT_AGE_S = 24 * 3600.0
"""Rollouts older than this are no events any more; no lookback is longer."""
STANDING_REASONS = frozenset({CRASH_LOOP, UNSCHEDULABLE, "RunContainerError", *IMAGE_REASONS, *CONFIGURATION_REASONS})
"""What a pod waits for now; other reasons tell of an end that may be long past."""

T = TypeVar("T")


class LiveRevision(msgspec.Struct, frozen=True):
    """One revision of a workload: what a rollback leads to, or from."""

    revision: str
    image: str
    images: dict[str, str]
    template_hash: str
    rolled_out_at: float


class LiveWorkload(msgspec.Struct, frozen=True):
    """One workload now; `current` is None while its controller has not caught up, `previous` where none is kept."""

    kind: str
    namespace: str
    name: str
    service_name: str
    labels: dict[str, str]
    desired: int
    ready: int
    updated: int
    current: LiveRevision | None
    previous: LiveRevision | None


class LivePod(msgspec.Struct, frozen=True):
    """One pod now; `faults` are the code words of what is wrong with it."""

    namespace: str
    name: str
    workload_kind: str
    workload_name: str
    labels: dict[str, str]
    ready: bool
    phase: str
    node: str
    template_hash: str
    started_at: float
    restarts: int
    faults: list[str]


class LiveState(msgspec.Struct, frozen=True):
    """What was seen of one service; `is_partial` when there was more than is looked at."""

    service_name: str
    namespaces: list[str]
    read_at: float
    events: list[ContextEvent]
    workloads: list[LiveWorkload]
    pods: list[LivePod]
    is_partial: bool = False


class _Page(msgspec.Struct, Generic[T]):
    items: list[T] | None
    metadata: ListMeta


class _Found(msgspec.Struct):
    workloads: list[WorkloadView]
    revisions: dict[str, list[Revision]]
    pods: list[Pod]
    is_partial: bool


async def read_live(
    kube: KubeClient, mapping: ServiceMapping, fallback_namespace: str, *, with_nodes: bool = True
) -> LiveState:
    """Read what a service runs on; raise KubernetesError when that does not come within five seconds."""
    namespaces = mapping.namespaces or [fallback_namespace]
    try:
        async with asyncio.timeout(DEADLINE_S):
            found = await asyncio.gather(*(_read_namespace(kube, mapping, namespace) for namespace in namespaces))
            nodes = await _read_nodes(kube, [pod for each in found for pod in each.pods]) if with_nodes else []
    except TimeoutError as error:
        raise KubernetesUnavailable(0, "TooSlow", f"the live view took longer than {DEADLINE_S:.0f} s") from error
    return _state(mapping.name, namespaces, found, nodes)


def _state(service: str, namespaces: list[str], found: list[_Found], nodes: list[Node]) -> LiveState:
    now = wall_clock()
    events = [_as_of(now, event) for node in nodes for event in node_faults(node)]
    workloads, pods = [], []
    for each in found:
        for view in each.workloads:
            revisions = each.revisions.get(view.uid, [])
            workloads.append(describe_workload(view, revisions))
            events += recent_rollouts(view, revisions, now)
        for pod in each.pods:
            faults = pod_faults(pod)
            pods.append(_describe_pod(pod, faults))
            events += [_as_of(now, fault) for fault in faults]
    is_partial = any(each.is_partial for each in found)
    return LiveState(service, namespaces, now, [clamp(e, now) for e in events], workloads, pods, is_partial)


def _as_of(now: float, event: ContextEvent) -> ContextEvent:
    """Date a state that holds at this moment: its own time only tells when it began."""
    is_node = event.object is not None and event.object.kind == "Node"
    if not is_node and event.details.get(details.REASON) not in STANDING_REASONS:
        return event
    return msgspec.structs.replace(event, last_seen=max(event.last_seen, now))


async def _read_namespace(kube: KubeClient, mapping: ServiceMapping, namespace: str) -> _Found:
    apps, core = f"/apis/apps/v1/namespaces/{namespace}", f"/api/v1/namespaces/{namespace}"
    selector = ",".join(f"{name}={value}" for name, value in mapping.match_labels.items())
    (
        (deployments, more_1),
        (stateful, more_2),
        (daemons, more_3),
        (replica_sets, more_4),
        (pods, more_5),
    ) = await asyncio.gather(
        _list(kube, f"{apps}/deployments", Deployment),
        _list(kube, f"{apps}/statefulsets", StatefulSet),
        _list(kube, f"{apps}/daemonsets", DaemonSet),
        _list(kube, f"{apps}/replicasets", ReplicaSet, selector),
        _list(kube, f"{core}/pods", Pod, selector),
    )
    views = [*map(view_workload, deployments), *map(view_workload, stateful), *map(view_workload, daemons)]
    return _Found(
        workloads=[view for view in views if _is_workload_of(view, mapping)],
        revisions=_by_deployment(replica_sets),
        pods=[pod for pod in pods if _is_pod_of(identify_pod(pod), mapping)],
        is_partial=more_1 or more_2 or more_3 or more_4 or more_5,
    )


async def _list(kube: KubeClient, path: str, kind: type[T], selector: str = "") -> tuple[list[T], bool]:
    """Return the objects, from the API server's cache, and whether there were more than we look at."""
    decoder = msgspec.json.Decoder(_Page[kind])  # type: ignore[valid-type]  # built for the given kind
    query: dict[str, str | int] = {"resourceVersion": "0", "limit": PAGE_SIZE}
    if selector:
        query["labelSelector"] = selector
    objects: list[T] = []
    while True:
        page: _Page[T] = _decode(decoder, await kube.get(path, query=query))
        objects += page.items or []
        if not page.metadata.continue_ or len(objects) >= MAX_OBJECTS:
            return objects[:MAX_OBJECTS], bool(page.metadata.continue_) or len(objects) > MAX_OBJECTS
        query = {**query, "continue": page.metadata.continue_}
        query.pop("resourceVersion", None)  # a continued list has its version in the token


def _decode(decoder: "msgspec.json.Decoder[T]", answer: bytes) -> T:
    try:
        return decoder.decode(answer)
    except msgspec.DecodeError as error:
        raise KubernetesUnavailable(0, "BrokenAnswer", "an answer is not what its kind promises") from error


async def _read_nodes(kube: KubeClient, pods: list[Pod]) -> list[Node]:
    unready_first = sorted(pods, key=is_ready)
    names = list(dict.fromkeys(pod.spec.node_name for pod in unready_first if pod.spec.node_name))
    found = await asyncio.gather(*(_read_node(kube, name) for name in names[:MAX_NODES]))
    return [node for node in found if node is not None]


async def _read_node(kube: KubeClient, name: str) -> Node | None:
    try:
        answer = await kube.get(f"/api/v1/nodes/{quote(name)}", query={"resourceVersion": "0"})
    except KubernetesError as error:
        if error.not_found:  # a node that is gone takes its pods along soon
            return None
        raise
    return _decode(msgspec.json.Decoder(Node), answer)


def _by_deployment(replica_sets: Iterable[ReplicaSet]) -> dict[str, list[Revision]]:
    revisions: dict[str, list[Revision]] = {}
    for obj in replica_sets:
        revision, owner = view_replica_set(obj), controller_of(obj.metadata)
        if revision is not None and owner is not None:
            revisions.setdefault(owner.uid, []).append(revision)
    return revisions


def _is_workload_of(view: WorkloadView, mapping: ServiceMapping) -> bool:
    if mapping.match_labels:
        return mapping.match_labels.items() <= view.labels.items()
    return mapping.name in (view.service_name, view.name)


def _is_pod_of(identity: PodIdentity, mapping: ServiceMapping) -> bool:
    if mapping.match_labels:  # the API server selected by them already
        return True
    return mapping.name in (identity.service_name, identity.ref.workload_name)


def describe_workload(view: WorkloadView, revisions: list[Revision]) -> LiveWorkload:
    """Say what a workload is now, and what it was before."""
    current = current_revision(view, revisions)
    previous = _previous(current, revisions)
    return LiveWorkload(
        kind=view.kind,
        namespace=view.namespace,
        name=view.name,
        service_name=view.service_name,
        labels=view.labels,
        desired=view.desired,
        ready=view.ready,
        updated=view.updated,
        current=_describe_revision(current, rolled_out_at(view, current, current.created_at)) if current else None,
        previous=_describe_revision(previous, previous.created_at) if previous else None,
    )


def recent_rollouts(view: WorkloadView, revisions: list[Revision], now: float) -> list[ContextEvent]:
    """Return the last rollout as an event if it is recent: it may be younger than what the watch has stored."""
    current = current_revision(view, revisions)
    if current is None or view.kind != "Deployment":
        return []
    at = rolled_out_at(view, current, current.created_at)
    if at < now - MAX_ROLLOUT_AGE_S:
        return []
    previous = _previous(current, revisions)
    return [rollout(view, current, previous, at, previous.created_at if previous else 0.0)]


def _previous(current: Revision | None, revisions: list[Revision]) -> Revision | None:
    if current is None:
        return None
    older = [revision for revision in revisions if revision.number < current.number]
    return max(older, key=lambda revision: revision.number, default=None)


def _describe_revision(revision: Revision, at: float) -> LiveRevision:
    template = revision.summary()
    return LiveRevision(
        revision=str(revision.number) if revision.number else revision.name,
        image=template.image(),
        images={name: container.image for name, container in template.containers.items()},
        template_hash=revision.template_hash,
        rolled_out_at=at,
    )


def _describe_pod(pod: Pod, faults: list[ContextEvent]) -> LivePod:
    identity = identify_pod(pod)
    return LivePod(
        namespace=identity.ref.namespace,
        name=identity.ref.name,
        workload_kind=identity.ref.workload_kind,
        workload_name=identity.ref.workload_name,
        labels=identity.ref.labels,
        ready=is_ready(pod),
        phase=pod.status.phase,
        node=identity.ref.node,
        template_hash=identity.template_hash,
        started_at=seconds(pod.status.start_time),
        restarts=sum(status.restart_count for status in pod.status.container_statuses),
        faults=[event.new_value or "" for event in faults],
    )
