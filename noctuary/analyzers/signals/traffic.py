"""Requests that come more often, or not any more."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models.signals import FELL, GROWS, ROSE, SHRINKS, SignalKind, reasons_of


class Traffic(SignalAnalyzer):
    """Told by metrics."""

    kind = "traffic"
    reasons = reasons_of(SignalKind.TRAFFIC, ROSE, FELL, GROWS, SHRINKS)
    noun = "the traffic"
