"""Containers that restart more often."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models.signals import GROWS, ROSE, SignalKind, reasons_of


class RestartRate(SignalAnalyzer):
    """Told by metrics."""

    kind = "restart_rate"
    reasons = reasons_of(SignalKind.RESTARTS, ROSE, GROWS)
    noun = "the rate of restarts"
