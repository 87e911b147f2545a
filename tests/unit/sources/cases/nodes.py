"""Nodes: each condition, good and bad."""

from noctuary.models import details
from tests.unit.sources.watched_case import AT, Case, Manifest, manifest


def node(condition: str, status: str) -> Manifest:
    """Return a node with one condition."""
    reported = {"type": condition, "status": status, "reason": "Why", "message": "so", "lastTransitionTime": AT}
    return manifest("node-1", "") | {"status": {"conditions": [reported]}}


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
]
