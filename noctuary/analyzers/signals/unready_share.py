"""Endpoints or pods that are not ready, as metrics count them."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models.signals import FELL, SHRINKS, SignalKind, reasons_of


class UnreadyShare(SignalAnalyzer):
    """Told by metrics."""

    kind = "unready_share"
    reasons = reasons_of(SignalKind.READINESS, FELL, SHRINKS)
    noun = "the share of ready endpoints"
