"""Nodes: what is wrong with each, read from its conditions."""

import msgspec

from noctuary.kube.objects import Condition, KubeObject, Struct, seconds
from noctuary.kube.reflector import Sink
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.sinks import FaultSink
from noctuary.sources.kubernetes.watched_kind import CORE, SinkContext, WatchedKind

PRESSURES = {
    "MemoryPressure": "NodeMemoryPressure",
    "DiskPressure": "NodeDiskPressure",
    "PIDPressure": "NodePIDPressure",
}
"""True is bad; the reasons are those of the node's own Events."""
NOT_READY = "NodeNotReady"


class NodeStatus(Struct):
    """What a node reports."""

    conditions: list[Condition] = msgspec.field(default_factory=list)


class Node(KubeObject):
    """core/v1 Node."""

    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


def make_sink(context: SinkContext) -> Sink[Node]:
    """Return what reports the faults of nodes."""
    return FaultSink(context.queue, node_faults)


NODES = WatchedKind(api=CORE, resource="nodes", kind=Node, make_sink=make_sink, is_namespaced=False)


def node_faults(node: Node) -> list[ContextEvent]:
    """Return an event for each bad condition; each time a condition turns bad is an event of its own."""
    return [
        _event(node, condition, reason) for condition in node.status.conditions if (reason := _bad_reason(condition))
    ]


def node_ref(name: str, uid: str) -> ObjectRef:
    """Return the reference to a node."""
    return ObjectRef(kind="Node", namespace="", name=name, uid=uid, node=name)


def _bad_reason(condition: Condition) -> str:
    if condition.type == "Ready":
        return "" if condition.status == "True" else NOT_READY
    if condition.type == "NetworkUnavailable":
        return "NodeNetworkUnavailable" if condition.status == "True" else ""
    return PRESSURES.get(condition.type, "") if condition.status == "True" else ""


def _event(node: Node, condition: Condition, reason: str) -> ContextEvent:
    at = seconds(condition.last_transition_time)
    return draft(
        node_ref(node.metadata.name, node.metadata.uid),
        node.metadata.name,
        EventType.DEPENDENCY_FAILURE,
        key=f"{reason}/{at:.0f}",
        at=at,
        new_value=reason,
        confidence=0.85,
        extra={
            details.REASON: reason,
            details.NODE: node.metadata.name,
            details.MESSAGE: f"{condition.reason}: {condition.message}".strip(": "),
        },
    )
