"""What is wrong with a node, read from its conditions."""

from noctuary.kube.objects import Condition, Node, seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.draft import draft

PRESSURES = {
    "MemoryPressure": "NodeMemoryPressure",
    "DiskPressure": "NodeDiskPressure",
    "PIDPressure": "NodePIDPressure",
}
"""True is bad; the reasons are those of the node's own Events."""
NOT_READY = "NodeNotReady"


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
        facts={
            details.REASON: reason,
            details.NODE: node.metadata.name,
            details.MESSAGE: f"{condition.reason}: {condition.message}".strip(": "),
        },
    )
