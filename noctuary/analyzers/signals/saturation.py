"""A resource that runs full."""

import re

from noctuary.analyzers.signals.base import SignalAnalyzer
from noctuary.models import details
from noctuary.models.diagnosis import Fault
from noctuary.models.signals import GROWS, ROSE, SignalKind, reasons_of

_NOUNS = (
    (re.compile(r"throttl", re.IGNORECASE), "the CPU throttling"),
    (re.compile(r"cpu", re.IGNORECASE), "the CPU use"),
    (re.compile(r"memory|heap|working_set|(^|_)rss", re.IGNORECASE), "the memory use"),
    (re.compile(r"disk|filesystem|inode", re.IGNORECASE), "the disk use"),
    (re.compile(r"connections|pool", re.IGNORECASE), "the use of connections"),
    (re.compile(r"queue|backlog|pending", re.IGNORECASE), "the queue"),
)
"""The first that the metric's name holds."""


class Saturation(SignalAnalyzer):
    """Told by metrics."""

    kind = "saturation"
    reasons = reasons_of(SignalKind.SATURATION, ROSE, GROWS)
    noun = "the use of a resource"
    why = "metrics show it, and no change before it"
    is_symptom = False

    def measured(self, fault: Fault) -> str:
        """Return the resource, where the metric's name tells it."""
        metric = fault.details.get(details.METRIC, "")
        return next((noun for words, noun in _NOUNS if words.search(metric)), self.noun)
