"""A node in trouble."""

from noctuary.analyzers.base import Analyzer, Wording, is_about_node, kubectl
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
CORDONED = "NodeNotSchedulable"
KEEPS_PODS_AWAY = frozenset({CORDONED, *TROUBLES})


class Node(Analyzer):
    """Whatever is reported of a node."""

    kind = "node"
    prior = 0.15
    names_reason = True

    def recognises(self, event: ContextEvent) -> bool:
        """Take all that is about a node."""
        return is_about_node(event)

    def keeps_pods_away(self, event: ContextEvent) -> bool:
        """Tell whether an event shows why pods find no place on its node."""
        return event.details.get(details.REASON, "") in KEEPS_PODS_AWAY

    def only_keeps_new_pods_away(self, fault: Fault) -> bool:
        """Tell whether pods that run on the node are well."""
        return fault.details.get(details.REASON, "") == CORDONED

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what is wrong with it."""
        reason = clean(fault.details.get(details.REASON, ""), 40)
        trouble = TROUBLES.get(reason) or f"is in trouble ({reason or 'unknown'})"
        return f"node {wording.name} {trouble}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> str:
        """Return a look at the node."""
        node = Subject("Node", "", fault.subject.name)
        return kubectl(node, "describe", kind="node") or super().remedy(fault, pod, describe)
