"""A node in trouble."""

from noctuary.analyzers.base import Advice, Analyzer, Wording, is_about_node, kubectl
from noctuary.common.text import clean
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject

TROUBLES = {
    "NodeNotReady": "is not ready",
    "NodeMemoryPressure": "runs out of memory",
    "NodeDiskPressure": "runs out of disk",
    "NodePIDPressure": "runs out of process ids",
    "NodeNetworkUnavailable": "has no network",
}


class Node(Analyzer):
    """Whatever is reported of a node."""

    kind = "node"
    prior = 0.15
    names_reason = True

    def recognises(self, event: ContextEvent) -> bool:
        """Take all that is about a node."""
        return is_about_node(event)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what is wrong with it."""
        reason = clean(fault.details.get(details.REASON, ""), 40)
        trouble = TROUBLES.get(reason) or f"is in trouble ({reason or 'unknown'})"
        return f"node {wording.name} {trouble}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return a look at the node."""
        node = Subject("Node", "", fault.subject.name)
        return Advice(command=kubectl(node, "describe", kind="node") or describe)
