"""Warnings that ask for attention and stop nothing."""

from noctuary.analyzers.base import Analyzer, Wording
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, PodView


class Advisory(Analyzer):
    """What policies in audit mode, name servers and missing pull secrets of cached images warn of for days."""

    kind = "advisory"
    reasons = frozenset(
        {"PolicyViolation", "DNSConfigForming", "FailedToRetrieveImagePullSecret", "CheckLimitsForResolvConf"}
    )
    stops_pods = False
    prior = 0.0
    why = "it warns, and stops nothing"
    is_specific = False
    tells_cause = False
    is_consequence = True
    is_harmless = True
    may_follow_from_node = False

    def is_passing(self, _event: ContextEvent, _pod: PodView, _onset: float) -> bool:
        """Tell that ready pods disprove nothing: it never said that they are not."""
        return False

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what is warned of."""
        match fault.details.get(details.REASON):
            case "PolicyViolation":
                return f"a policy objects to {wording.pods}"
            case "FailedToRetrieveImagePullSecret":
                return f"a pull secret of {wording.pods} is missing"
            case _:
                return f"{wording.pods} {'have' if wording.is_many else 'has'} more name servers or domains than fit"
