"""What is reported as a fault and is none of the kinds that we know."""

from noctuary.analyzers.base import Analyzer
from noctuary.models.context_event import ContextEvent


class Other(Analyzer):
    """Takes what is left, also kinds that another version stored."""

    kind = "other"
    prior = 0.1
    is_specific = False
    is_consequence = True
    tells_cause = False

    def recognises(self, _event: ContextEvent) -> bool:
        """Take everything."""
        return True
