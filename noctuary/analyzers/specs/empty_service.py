"""A Service that leads to no pod because its selector finds none."""

from noctuary.analyzers.base import Advice, Analyzer, Wording, kubectl
from noctuary.common.text import clean, shorten_middle
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

SELECTS_NOTHING = "ServiceSelectsNothing"
"""Our own word: Kubernetes reports no Event of a Service without endpoints."""


class EmptyService(Analyzer):
    """Read from specs: pods may well be ready beside it."""

    kind = "empty_service"
    reasons = frozenset({SELECTS_NOTHING})
    prior = 0.25
    why = "nothing answers for it"
    names_reason = True
    is_standing = True
    stops_pods = False
    may_follow_from_node = False

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what selects nothing, and by which labels."""
        selector = clean(fault.details.get(details.SELECTOR, ""), 120)
        told = f" ({shorten_middle(selector, max(20, wording.limit))})" if selector else ""
        return f"Service {wording.name} selects no pod{told}"

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return the command that shows its selector."""
        command = kubectl(fault.subject, "describe", kind="Service")
        return Advice(command=command or describe, remark="compare its selector with the labels of the pods")
