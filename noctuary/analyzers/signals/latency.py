"""Answers that take longer."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models.signals import GROWS, ROSE, SignalKind, reasons_of


class Latency(SignalAnalyzer):
    """Told by metrics."""

    kind = "latency"
    reasons = reasons_of(SignalKind.LATENCY, ROSE, GROWS)
    noun = "the latency"
