"""A node that takes no new pods, because somebody said so."""

from noctuary.analyzers.base import Advice, Analyzer, Wording, is_about_node
from noctuary.analyzers.node import look_back
from noctuary.common.words import is_subdomain
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject


class Cordon(Analyzer):
    """The pods on it run on: it matters to those that find no node."""

    kind = "cordon"
    reasons = frozenset({"NodeUnschedulable"})
    stops_pods = False
    prior = 0.0
    why = "new pods do not get there"
    is_specific = False
    tells_cause = False
    is_harmless = True
    names_reason = True

    def recognises(self, event: ContextEvent) -> bool:
        """Take a node's own word for it."""
        return is_about_node(event) and event.details.get(details.REASON) in self.reasons

    def sentence(self, _fault: Fault, wording: Wording) -> str:
        """Return which node."""
        return f"node {wording.name} is cordoned"

    def remedy(self, fault: Fault, _pod: Subject, _describe: str) -> Advice:
        """Return the command that lets pods on it again."""
        name = fault.subject.name
        if not is_subdomain(name):
            return Advice("uncordon the node once the work on it is done")
        if fault.is_over:
            is_gone = details.GONE in fault.details
            return look_back(name, fault) if is_gone else Advice(f"node {name} takes new pods again")
        return Advice(command=f"kubectl uncordon {name}", remark="once the work on it is done")
