"""Endpoints or pods that are not ready, as metrics count them."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models.signals import SignalKind, reasons_of


class Unavailable(SignalAnalyzer):
    """Told by metrics."""

    kind = "unavailable"
    reasons = reasons_of(SignalKind.READINESS)
    noun = "the ready share"
    why = "metrics show it since then"
