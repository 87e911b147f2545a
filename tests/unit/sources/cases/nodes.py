"""Nodes: each condition, good and bad."""

from noctuary.common.clock import parse_time
from noctuary.models import details
from tests.unit.sources.watched_case import AT, Case, Manifest, manifest

LATER = "2026-11-21T10:04:00Z"


def node(condition: str, status: str) -> Manifest:
    """Return a node with one condition."""
    reported = {"type": condition, "status": status, "reason": "Why", "message": "so", "lastTransitionTime": AT}
    return manifest("node-1", "") | {"status": {"conditions": [reported]}}


def cordoned(**metadata: object) -> Manifest:
    """Return a node that takes no new pods."""
    return manifest("node-1", "", **metadata) | {"spec": {"unschedulable": True}, "status": {}}


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
    Case("cordoned since nobody knows when", cordoned(), [{"timestamp": parse_time(AT)}]),
]
