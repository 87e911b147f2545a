"""What is reported as a fault and is none of the kinds that we know."""

from noctuary.analyzers.base import Analyzer
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView


class Other(Analyzer):
    """Takes what is left, also kinds that another version stored."""

    kind = "other"
    stops_pods = False
    prior = 0.1
    is_specific = False
    is_consequence = True
    tells_cause = False

    def is_passing(self, _event: ContextEvent, _pod: PodView, _onset: float) -> bool:
        """Tell that ready pods disprove nothing: what is reported may have nothing to do with readiness."""
        return False

    def recognises(self, _event: ContextEvent) -> bool:
        """Take everything."""
        return True
