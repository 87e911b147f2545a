"""Answers that take longer."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models import details
from noctuary.models.diagnosis import Fault
from noctuary.models.signals import GROWS, ROSE, SignalKind, reasons_of


class Latency(SignalAnalyzer):
    """Told by metrics."""

    kind = "latency"
    reasons = reasons_of(SignalKind.LATENCY, ROSE, GROWS)
    noun = "the latency"

    def measured(self, fault: Fault) -> str:
        """Return the lag of whoever reads a queue or a replica: it may be counted in messages."""
        return "the lag" if "lag" in fault.details.get(details.METRIC, "").lower() else self.noun
