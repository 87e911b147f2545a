"""Nodes: what is wrong with each, read from its conditions."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from noctuary.common import clock
from noctuary.kube.objects import Condition, KubeObject, Struct, WorkloadMeta, seconds
from noctuary.kube.reflector import ChangeType
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.node_view import NodeView
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
_REASONS = {**PRESSURES, "Ready": NOT_READY, "NetworkUnavailable": "NodeNetworkUnavailable"}
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
    """Reports the faults of nodes and when they end, and keeps which nodes there are."""

    def __init__(self, context: SinkContext) -> None:
        super().__init__(context.queue, self._told)
        self._nodes = context.nodes
        self._wrong: dict[str, list[ContextEvent]] = {}
        """By uid, what was wrong with a node when it was last seen."""
        self._cordoned: dict[str, float] = {}
        """By uid, when a node was first seen to take no pods; 0: it takes some."""

    def on_list(self, objects: list[Node]) -> None:
        """Handle the complete list."""
        self._nodes.clear()
        self._nodes.update({node.metadata.name: node_ref(node.metadata.name, node.metadata.uid) for node in objects})
        listed = {node.metadata.uid for node in objects}
        for uid in [uid for uid in self._wrong if uid not in listed]:
            self._queue.offer(_gone(self._wrong.pop(uid)), [], is_live=False)
        self._cordoned = {uid: at for uid, at in self._cordoned.items() if uid in listed}
        super().on_list(objects)

    def on_event(self, change: ChangeType, obj: Node) -> None:
        """Handle one change."""
        self._nodes[obj.metadata.name] = node_ref(obj.metadata.name, obj.metadata.uid)
        super().on_event(change, obj)
        if change == "DELETED":
            self._queue.offer(_gone(node_faults(obj)), [], is_live=True)

    def forget(self, obj: Node) -> None:
        """Forget a node that is gone."""
        self._nodes.pop(obj.metadata.name, None)
        self._wrong.pop(obj.metadata.uid, None)
        self._cordoned.pop(obj.metadata.uid, None)
        super().forget(obj)

    def _told(self, node: Node) -> list[ContextEvent]:
        """Return what is wrong with a node, and what of the last time has ended since."""
        wrong, before = node_faults(node, self._cordon_seen_at(node)), self._wrong.pop(node.metadata.uid, [])
        if wrong:
            self._wrong[node.metadata.uid] = wrong
        now_wrong, well = {event.dedup_key for event in wrong}, _well_since(node)
        over = [event for event in before if event.dedup_key not in now_wrong]
        return [*wrong, *(_ended(event, well.get(event.details[details.REASON]) or clock.now()) for event in over)]

    def _cordon_seen_at(self, node: Node) -> float:
        """Return when a node that took pods was first seen to take none, to the second as a taint is; 0: not known."""
        uid = node.metadata.uid
        if not node.spec.unschedulable:
            self._cordoned[uid] = 0.0
        elif self._cordoned.get(uid) == 0.0:
            self._cordoned[uid] = float(int(clock.now()))
        return self._cordoned.get(uid, 0.0)


NODES = WatchedKind(api=CORE, resource="nodes", kind=Node, make_sink=NodeSink, is_namespaced=False)


def node_faults(node: Node, cordon_seen_at: float = 0.0) -> list[ContextEvent]:
    """Return an event for each bad condition, and for a cordon; each time one turns bad is an event of its own.

    A cordon that nothing dates is of when it was seen, where it was seen to come.
    """
    found = [
        _event(node, reason, seconds(condition.last_transition_time), f"{condition.reason}: {condition.message}")
        for condition, reason, is_bad in _judged(node)
        if is_bad
    ]
    if not node.spec.unschedulable:
        return found
    at = _cordoned_at(node) or cordon_seen_at or seconds(node.metadata.creation_timestamp)
    return [*found, _event(node, CORDONED, at, "")]


def node_ref(name: str, uid: str) -> ObjectRef:
    """Return the reference to a node."""
    return ObjectRef(kind="Node", namespace="", name=name, uid=uid, node=name)


def view_node(node: Node) -> NodeView:
    """Return a node as it is now."""
    wrong = {event.details[details.REASON]: event.timestamp for event in node_faults(node)}
    return NodeView(node.metadata.name, wrong=wrong, well=_well_since(node))


def _well_since(node: Node) -> dict[str, float]:
    """Return since when each condition is good, by the reason of its being bad; of a cordon nobody keeps that."""
    return {
        reason: seconds(condition.last_transition_time) for condition, reason, is_bad in _judged(node) if not is_bad
    }


def _judged(node: Node) -> Iterator[tuple[Condition, str, bool]]:
    """Yield each condition that can be bad, the reason that it then is, and whether it is so."""
    for condition in node.status.conditions:
        if condition.type in _REASONS:
            yield condition, _REASONS[condition.type], (condition.status == "True") is not (condition.type == "Ready")


def _ended(event: ContextEvent, at: float) -> ContextEvent:
    """Return what was wrong with a node as over."""
    facts = event.details | {details.ENDED: f"{at:.0f}"}
    return msgspec.structs.replace(event, last_seen=max(event.last_seen, at), details=facts)


def _gone(events: list[ContextEvent]) -> list[ContextEvent]:
    """Return what was wrong with a node that does not exist any more."""
    over = (_ended(event, clock.now()) for event in events)
    return [msgspec.structs.replace(event, details=event.details | {details.GONE: "1"}) for event in over]


def _cordoned_at(node: Node) -> float:
    """Return when a node was cordoned: by its controller's taint, else by who wrote it; 0 where neither tells."""
    added = max((seconds(taint.time_added) for taint in node.spec.taints if taint.key == _CORDON_TAINT), default=0.0)
    return added or last_write(node.metadata, _CORDON_FIELD).at


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
