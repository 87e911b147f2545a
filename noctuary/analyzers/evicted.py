"""Pods that a node ended to save itself, or that made room for others."""

import re

from noctuary.analyzers.base import Analyzer, Wording
from noctuary.models.diagnosis import Fault


class Evicted(Analyzer):
    """The kubelet's message tells what the node ran out of."""

    kind = "evicted"
    reasons = frozenset({"Evicted", "Preempting", "NodeLost"})
    prior = 0.15
    is_specific = False
    tells_cause = False
    hints = (
        (re.compile(r"(?i)memory"), "its node ran low on memory"),
        (re.compile(r"(?i)disk|storage|inodes"), "its node ran low on disk"),
        (re.compile(r"(?i)\bpids?\b"), "its node ran low on process ids"),
    )

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return why."""
        return f"{wording.pods} {'were' if wording.is_many else 'was'} evicted{self.hint(fault)}"

    def symptom(self, _fault: Fault, _limit: int) -> str:
        """Return what happens to new pods."""
        return "new pods are evicted"
