"""Workloads that are scaled to nothing."""

from noctuary.analyzers.base import Advice, Analyzer, Wording
from noctuary.models.diagnosis import Fault, Subject

SCALED_TO_ZERO = "ScaledToZero"
"""Our own word: Kubernetes reports no Event of what is as it was asked to be."""


class Stopped(Analyzer):
    """A state that the live view shows; since when is only known where the scaling was seen."""

    kind = "stopped"
    reasons = frozenset({SCALED_TO_ZERO})
    prior = 0.25
    why = "nothing of it runs"
    names_reason = True
    is_state = True
    follows_scaling_down = True
    may_follow_from_node = False
    tells_cause = False

    def sentence(self, _fault: Fault, wording: Wording) -> str:
        """Return what is scaled to nothing."""
        return f"{wording.name} is scaled to 0, so nothing of it runs"

    def remedy(self, _fault: Fault, _pod: Subject, _describe: str) -> Advice:
        """Say what to do: how many there were before is not known."""
        return Advice("scale it up again, unless this was meant")
