"""Requests that fail."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models.signals import GROWS, ROSE, SignalKind, reasons_of


class ErrorRate(SignalAnalyzer):
    """Told by metrics."""

    kind = "error_rate"
    reasons = reasons_of(SignalKind.ERRORS, ROSE, GROWS)
    noun = "the error rate"
