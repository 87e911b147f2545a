"""A resource that runs full."""

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models.signals import GROWS, ROSE, SignalKind, reasons_of


class Saturation(SignalAnalyzer):
    """Told by metrics."""

    kind = "saturation"
    reasons = reasons_of(SignalKind.SATURATION, ROSE, GROWS)
    noun = "the use of a resource"
    why = "metrics show it, and no change before it"
    is_symptom = False
