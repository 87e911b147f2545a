"""Nodes on which pods of several workloads fail that run well elsewhere: what is wrong with one need not show it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from noctuary.analyzers.node import PODS_FAIL
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.live_view import LiveView
from noctuary.sources.kubernetes.draft import clamp, draft
from noctuary.sources.kubernetes.kinds.nodes import CORDONED, node_ref
from noctuary.sources.kubernetes.kinds.pods import is_leaving, is_ready, ready_changed_at
from noctuary.sources.kubernetes.live_namespace import Member, Namespace
from noctuary.sources.kubernetes.specs.pods import LivePod

LEAST_WORKLOADS = 2
"""One workload may fail on one node for a reason of its own."""
STARTING_S = 60.0
"""A pod that was made a moment ago is not ready yet on any node."""
_Version = tuple[str, str, str]


def suspect_nodes(found: Iterable[Namespace], members: Iterable[Member], now: float) -> Iterator[ContextEvent]:
    """Yield an event about each node where a pod of the incident's fails, and pods of other workloads, too.

    A workload counts where pods of the same version are ready on other nodes, and none fails there.
    """
    own = {member.pod.spec.node_name for member in members if _fails(member.pod, now)}
    failing: dict[str, set[_Version]] = defaultdict(set)
    since: dict[str, list[float]] = defaultdict(list)
    for version, pods in _by_version(found).items():
        bad = [pod for pod in pods if _fails(pod, now)]
        nodes = {pod.spec.node_name for pod in bad}
        elsewhere = any(is_ready(pod) and pod.spec.node_name not in nodes for pod in pods)
        if len(nodes) == 1 and elsewhere:
            (node,) = nodes
            failing[node].add(version)
            since[node] += [at for pod in bad if (at := ready_changed_at(pod))]
    for node in sorted(own & failing.keys()):
        workloads = {version[:2] for version in failing[node]}
        if len(workloads) >= LEAST_WORKLOADS:
            yield clamp(_event(node, len(workloads), min(since[node], default=now), now), now)


def with_suspects(view: LiveView, suspects: Iterable[ContextEvent]) -> LiveView:
    """Return the view of nodes with what is suspected of them as wrong with them now.

    Of a node that says itself what is wrong with it nothing is to be suspected.
    """
    said = {node.name for node in view.nodes if node.wrong.keys() - {CORDONED}}
    suspects = [event for event in suspects if event.entity not in said]
    began = {event.entity: event.timestamp for event in suspects}
    nodes = [
        msgspec.structs.replace(node, wrong=node.wrong | {PODS_FAIL: began[node.name]}) if node.name in began else node
        for node in view.nodes
    ]
    return msgspec.structs.replace(view, events=[*view.events, *suspects], nodes=nodes)


def _by_version(found: Iterable[Namespace]) -> dict[_Version, list[LivePod]]:
    """Return the pods that stay by namespace, workload and template; those of no template tell nothing."""
    versions: dict[_Version, list[LivePod]] = defaultdict(list)
    for namespace in found:
        for pod in namespace.pods.values():
            identity = namespace.identify(pod)
            if identity.template_hash and pod.spec.node_name and not is_leaving(pod, identity.ref.workload_kind):
                versions[namespace.name, identity.ref.workload_name, identity.template_hash].append(pod)
    return versions


def _fails(pod: LivePod, now: float) -> bool:
    is_new = now - seconds(pod.metadata.creation_timestamp) < STARTING_S
    return bool(pod.spec.node_name) and not is_ready(pod) and pod.metadata.deletion_timestamp is None and not is_new


def _event(node: str, workloads: int, at: float, now: float) -> ContextEvent:
    return draft(
        node_ref(node, ""),
        node,
        EventType.DEPENDENCY_FAILURE,
        key=f"{PODS_FAIL}/{node}",
        at=at,
        last_seen=now,
        new_value=PODS_FAIL,
        confidence=0.85,
        extra={details.REASON: PODS_FAIL, details.NODE: node, details.WORKLOADS: str(workloads)},
    )
