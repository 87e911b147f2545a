"""A node that takes no new pods, because somebody said so."""

from noctuary.analyzers.base import Analyzer, Wording, is_about_node
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault


class Cordon(Analyzer):
    """The pods on it run on: it matters to those that find no node."""

    kind = "cordon"
    reasons = frozenset({"NodeUnschedulable"})
    prior = 0.0
    why = "new pods do not get there"
    is_specific = False
    is_harmless = True
    names_reason = True

    def recognises(self, event: ContextEvent) -> bool:
        """Take a node's own word for it."""
        return is_about_node(event) and event.details.get(details.REASON) in self.reasons

    def sentence(self, _fault: Fault, wording: Wording) -> str:
        """Return which node."""
        return f"node {wording.name} is cordoned"
