"""The live view of one service, read when an incident comes: its rollouts, its pods, their faults and their nodes'."""

import asyncio
from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from noctuary.common.clock import now as wall_clock
from noctuary.common.errors import KubernetesError, KubernetesUnavailable
from noctuary.kube.client import KubeClient
from noctuary.kube.listing import list_objects
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView, ServiceView
from noctuary.models.live_view import LiveView
from noctuary.sources.kubernetes.draft import clamp
from noctuary.sources.kubernetes.fault_words import ONGOING_REASONS
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.kinds.deployments import DEPLOYMENTS, Deployment, view_deployment
from noctuary.sources.kubernetes.kinds.nodes import NODES, Node, node_faults
from noctuary.sources.kubernetes.kinds.pods import PODS, Pod, identify_pod, is_ready, pod_faults
from noctuary.sources.kubernetes.kinds.replica_sets import REPLICA_SETS, ReplicaSet, view_replica_set
from noctuary.sources.kubernetes.rollouts.differences import current_revision, rolled_out_at, rollout
from noctuary.sources.kubernetes.rollouts.workloads import OwnedRevision, Revision, WorkloadView

MAX_OBJECTS = 1000
"""Objects of one kind in one namespace that are read: a note about more would say no more."""
MAX_NODES = 20
"""Nodes that are read: those of unready pods first."""
DEADLINE_S = 5.0
"""The note must be posted within seconds; it is written without this view when it does not come."""
MAX_ROLLOUT_AGE_S = 24 * 3600.0
"""Rollouts older than this are no events any more; no lookback is longer."""


class _Found(msgspec.Struct):
    """What was seen in one namespace; `is_partial` when there were more objects of a kind than are read."""

    deployments: list[WorkloadView]
    revisions: dict[str, list[Revision]]
    pods: list[Pod]
    is_partial: bool


async def read_live(
    kube: KubeClient, service: ServiceView, *, with_nodes: bool = True, max_objects: int = MAX_OBJECTS
) -> LiveView:
    """Read what a service runs on; raise KubernetesError when that does not come within five seconds."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            reads = (_read_namespace(kube, service, namespace, max_objects) for namespace in service.namespaces)
            found = await asyncio.gather(*reads)
            nodes = await _read_nodes(kube, [pod for each in found for pod in each.pods]) if with_nodes else []
    except TimeoutError as error:
        raise KubernetesUnavailable(0, "TooSlow", f"the live view took longer than {DEADLINE_S:.0f} s") from error
    gaps = [_partial_gap(service, max_objects)] if any(each.is_partial for each in found) else []
    return _view(found, nodes, gaps)


def _partial_gap(service: ServiceView, max_objects: int) -> str:
    return f"all of {service.name} as it is now: only the first {max_objects} objects of one kind were read"


def _view(found: list[_Found], nodes: list[Node], gaps: list[str]) -> LiveView:
    now = wall_clock()
    events = [_as_of(now, event) for node in nodes for event in node_faults(node)]
    pods = []
    for each in found:
        for view in each.deployments:
            events += recent_rollouts(view, each.revisions.get(view.uid, []), now)
        events += [_as_of(now, fault) for pod in each.pods for fault in pod_faults(pod)]
        pods += [_describe_pod(pod) for pod in each.pods]
    return LiveView([clamp(event, now) for event in events], pods, gaps)


def _as_of(now: float, event: ContextEvent) -> ContextEvent:
    """Date a state that holds at this moment: its own time only says when it began."""
    is_node = event.object is not None and event.object.kind == "Node"
    if not is_node and event.details.get(details.REASON) not in ONGOING_REASONS:
        return event
    return msgspec.structs.replace(event, last_seen=max(event.last_seen, now))


async def _read_namespace(kube: KubeClient, service: ServiceView, namespace: str, max_objects: int) -> _Found:
    selector = ",".join(f"{name}={value}" for name, value in service.match_labels.items())
    selectors = {"labelSelector": selector} if selector else {}
    deployments, replica_sets, pods = await asyncio.gather(
        list_objects(kube, DEPLOYMENTS.path(namespace), Deployment, from_cache=True, max_objects=max_objects),
        list_objects(
            kube,
            REPLICA_SETS.path(namespace),
            ReplicaSet,
            selectors=selectors,
            from_cache=True,
            max_objects=max_objects,
        ),
        list_objects(kube, PODS.path(namespace), Pod, selectors=selectors, from_cache=True, max_objects=max_objects),
    )
    views = map(view_deployment, deployments.objects)
    return _Found(
        deployments=[view for view in views if _is_workload_of(view, service)],
        revisions=_by_owner(map(view_replica_set, replica_sets.objects)),
        pods=[pod for pod in pods.objects if _is_pod_of(identify_pod(pod), service)],
        is_partial=deployments.is_partial or replica_sets.is_partial or pods.is_partial,
    )


async def _read_nodes(kube: KubeClient, pods: list[Pod]) -> list[Node]:
    unready_first = sorted(pods, key=is_ready)
    names = list(dict.fromkeys(pod.spec.node_name for pod in unready_first if pod.spec.node_name))
    found = await asyncio.gather(*(_read_node(kube, name) for name in names[:MAX_NODES]))
    return [node for node in found if node is not None]


async def _read_node(kube: KubeClient, name: str) -> Node | None:
    try:
        answer = await kube.get(f"{NODES.path('')}/{quote(name)}", query={"resourceVersion": "0"})
    except KubernetesError as error:
        if error.not_found:  # a node that is gone takes its pods along soon
            return None
        raise
    try:
        return msgspec.json.decode(answer, type=Node)
    except msgspec.DecodeError as error:
        raise KubernetesUnavailable(0, "BrokenAnswer", "an answer is not what its kind promises") from error


def _by_owner(revisions: Iterable[OwnedRevision | None]) -> dict[str, list[Revision]]:
    found: dict[str, list[Revision]] = {}
    for each in revisions:
        if each is not None:
            found.setdefault(each.owner_uid, []).append(each.revision)
    return found


def _is_workload_of(view: WorkloadView, service: ServiceView) -> bool:
    if service.match_labels:
        return service.match_labels.items() <= view.labels.items()
    return service.name in (view.service_name, view.name)


def _is_pod_of(identity: PodIdentity, service: ServiceView) -> bool:
    if service.match_labels:  # the API server selected by them already
        return True
    return service.name in (identity.service_name, identity.ref.workload_name)


def recent_rollouts(view: WorkloadView, revisions: list[Revision], now: float) -> list[ContextEvent]:
    """Return the last rollout of a Deployment as an event if it is recent: the watch may not have stored it yet."""
    current = current_revision(view, revisions)
    if current is None:
        return []
    at = rolled_out_at(view, current, current.created_at)
    if at < now - MAX_ROLLOUT_AGE_S:
        return []
    older = (revision for revision in revisions if revision.number < current.number)
    previous = max(older, key=lambda revision: revision.number, default=None)
    return [rollout(view, current, previous, at, previous.created_at if previous else 0.0)]


def _describe_pod(pod: Pod) -> PodView:
    identity = identify_pod(pod)
    return PodView(
        namespace=identity.ref.namespace,
        name=identity.ref.name,
        workload=identity.ref.workload_name,
        template_hash=identity.template_hash,
        node=identity.ref.node,
        is_ready=is_ready(pod),
        labels=identity.ref.labels,
        started_at=seconds(pod.status.start_time),
        restarts=sum(status.restart_count for status in pod.status.container_statuses),
    )
