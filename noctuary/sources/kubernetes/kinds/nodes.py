"""Nodes: what is wrong with each, read from its conditions."""

from datetime import datetime

import msgspec

from noctuary.kube.objects import Condition, KubeObject, Struct, WorkloadMeta, seconds
from noctuary.kube.reflector import ChangeType
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.rollouts.writes import last_write
from noctuary.sources.kubernetes.sinks import FaultSink
from noctuary.sources.kubernetes.watched_kind import CORE, SinkContext, WatchedKind

PRESSURES = {
    "MemoryPressure": "NodeMemoryPressure",
    "DiskPressure": "NodeDiskPressure",
    "PIDPressure": "NodePIDPressure",
}
"""True is bad; the reasons are those of the node's own Events."""
NOT_READY = "NodeNotReady"
CORDONED = "NodeUnschedulable"
"""As kubectl shows it; nothing is wrong with the node, and new pods do not get there."""
CONDITION_REASONS = frozenset(
    {
        *PRESSURES.values(),
        NOT_READY,
        CORDONED,
        "NodeNetworkUnavailable",
        "NodeNotSchedulable",
        "NodeHasInsufficientMemory",
        "NodeHasDiskPressure",
        "NodeHasInsufficientPID",
    }
)
"""What a node's own status shows: an Event that says so is no news, or is not so."""
_CORDON_TAINT = "node.kubernetes.io/unschedulable"
_CORDON_FIELD = b'"f:unschedulable"'


class Taint(Struct):
    """What keeps pods from a node."""

    key: str = ""
    time_added: datetime | None = None


class NodeSpec(Struct):
    """Whether a node takes new pods."""

    unschedulable: bool = False
    taints: list[Taint] = msgspec.field(default_factory=list)


class NodeStatus(Struct):
    """What a node reports."""

    conditions: list[Condition] = msgspec.field(default_factory=list)


class Node(KubeObject):
    """core/v1 Node."""

    metadata: WorkloadMeta
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


class NodeSink(FaultSink[Node]):
    """Reports the faults of nodes, and keeps which nodes there are."""

    def __init__(self, context: SinkContext) -> None:
        super().__init__(context.queue, node_faults)
        self._nodes = context.nodes

    def on_list(self, objects: list[Node]) -> None:
        """Handle the complete list."""
        self._nodes.clear()
        self._nodes.update({node.metadata.name: node_ref(node.metadata.name, node.metadata.uid) for node in objects})
        super().on_list(objects)

    def on_event(self, change: ChangeType, obj: Node) -> None:
        """Handle one change."""
        self._nodes[obj.metadata.name] = node_ref(obj.metadata.name, obj.metadata.uid)
        super().on_event(change, obj)

    def forget(self, obj: Node) -> None:
        """Forget a node that is gone."""
        self._nodes.pop(obj.metadata.name, None)
        super().forget(obj)


NODES = WatchedKind(api=CORE, resource="nodes", kind=Node, make_sink=NodeSink, is_namespaced=False)


def node_faults(node: Node) -> list[ContextEvent]:
    """Return an event for each bad condition, and for a cordon; each time one turns bad is an event of its own."""
    bad = [(condition, _bad_reason(condition)) for condition in node.status.conditions]
    found = [
        _event(node, reason, seconds(condition.last_transition_time), f"{condition.reason}: {condition.message}")
        for condition, reason in bad
        if reason
    ]
    return [*found, _event(node, CORDONED, _cordoned_at(node), "")] if node.spec.unschedulable else found


def node_ref(name: str, uid: str) -> ObjectRef:
    """Return the reference to a node."""
    return ObjectRef(kind="Node", namespace="", name=name, uid=uid, node=name)


def _bad_reason(condition: Condition) -> str:
    if condition.type == "Ready":
        return "" if condition.status == "True" else NOT_READY
    if condition.type == "NetworkUnavailable":
        return "NodeNetworkUnavailable" if condition.status == "True" else ""
    return PRESSURES.get(condition.type, "") if condition.status == "True" else ""


def _cordoned_at(node: Node) -> float:
    """Return when a node was cordoned: by its controller's taint, else by who wrote it; else since it exists."""
    added = max((seconds(taint.time_added) for taint in node.spec.taints if taint.key == _CORDON_TAINT), default=0.0)
    return added or last_write(node.metadata, _CORDON_FIELD).at or seconds(node.metadata.creation_timestamp)


def _event(node: Node, reason: str, at: float, message: str) -> ContextEvent:
    return draft(
        node_ref(node.metadata.name, node.metadata.uid),
        node.metadata.name,
        EventType.DEPENDENCY_FAILURE,
        key=f"{reason}/{at:.0f}",
        at=at,
        new_value=reason,
        confidence=0.85,
        extra={details.REASON: reason, details.NODE: node.metadata.name, details.MESSAGE: message.strip(": ")},
    )
