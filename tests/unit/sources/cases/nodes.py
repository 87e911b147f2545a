"""Nodes: each condition, good and bad."""

from noctuary.common.clock import parse_time
from noctuary.models import details
from tests.unit.sources.watched_case import AT, Case, Manifest, manifest

LATER = "2026-11-21T10:04:00Z"


def node(condition: str, status: str, since: str = AT) -> Manifest:
    """Return a node with one condition."""
    reported = {"type": condition, "status": status, "reason": "Why", "message": "so", "lastTransitionTime": since}
    return manifest("node-1", "") | {"status": {"conditions": [reported]}}


def cordoned(**metadata: object) -> Manifest:
    """Return a node that takes no new pods."""
    return manifest("node-1", "", **metadata) | {"spec": {"unschedulable": True}, "status": {}}


def ended(reason: str, at: str) -> dict[str, object]:
    """Return what is told of a trouble that ended."""
    return {"new_value": reason, "last_seen": parse_time(at), f"details.{details.ENDED}": f"{parse_time(at):.0f}"}


GOOD, TIGHT = (node(kind, "True", LATER)["status"]["conditions"] for kind in ("Ready", "MemoryPressure"))
FIRST_KEY = f"node-1/NodeNotReady/{parse_time(AT):.0f}"
TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "timeAdded": LATER}
WRITTEN = {"manager": "kubectl", "time": LATER, "fieldsV1": {"f:spec": {"f:unschedulable": {}}}}

CASES = [
    Case("ready", node("Ready", "True"), []),
    Case(
        "not heard of",
        node("Ready", "Unknown"),
        [
            {
                "new_value": "NodeNotReady",
                "service_name": "node-1",
                "tenant": "",
                "event_type": "dependency_failure",
                f"details.{details.MESSAGE}": "Why: so",
            }
        ],
    ),
    Case(
        "not ready",
        node("Ready", "False"),
        [{"new_value": "NodeNotReady", "dedup_key": "node-1/NodeNotReady/1795255200"}],
    ),
    Case("out of memory", node("MemoryPressure", "True"), [{"new_value": "NodeMemoryPressure"}]),
    Case("out of disk", node("DiskPressure", "True"), [{"new_value": "NodeDiskPressure"}]),
    Case("out of pids", node("PIDPressure", "True"), [{"new_value": "NodePIDPressure"}]),
    Case("without network", node("NetworkUnavailable", "True"), [{"new_value": "NodeNetworkUnavailable"}]),
    Case("has memory", node("MemoryPressure", "False"), []),
    Case(
        "cordoned, as its taint dates it",
        cordoned() | {"spec": {"unschedulable": True, "taints": [TAINT]}},
        [{"timestamp": parse_time(LATER)}],
    ),
    Case(
        "cordoned, as who wrote it dates it",
        cordoned(managedFields=[WRITTEN]),
        [{"new_value": "NodeUnschedulable", "timestamp": parse_time(LATER)}],
    ),
    Case(
        "ready again: since when it is",
        node("Ready", "True", LATER),
        [ended("NodeNotReady", LATER)],
        listed={"nodes": [node("Ready", "False")]},
    ),
    Case(
        "not ready once more: the time before is over",
        node("Ready", "False", LATER),
        [{"timestamp": parse_time(LATER)}, {"dedup_key": FIRST_KEY, "timestamp": parse_time(AT)}],
        listed={"nodes": [node("Ready", "False")]},
    ),
    Case(
        "out of memory, and not ready any more",
        {**node("Ready", "True"), "status": {"conditions": [*GOOD, *TIGHT]}},
        [{"new_value": "NodeMemoryPressure"}, ended("NodeNotReady", LATER)],
        listed={"nodes": [node("Ready", "False")]},
    ),
    Case(
        "deleted while it was not ready",
        node("Ready", "Unknown"),
        [{"dedup_key": FIRST_KEY, f"details.{details.GONE}": "1"}],
        change="DELETED",
        listed={"nodes": [node("Ready", "Unknown")]},
    ),
    Case("deleted while it was ready", node("Ready", "True"), [], change="DELETED"),
    Case("cordoned since nobody knows when", cordoned(), [{"timestamp": parse_time(AT)}]),
]
