"""Pods that a node ended to save itself, or that made room for others."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording
from noctuary.common.text import clean
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

STAYING = "NodeNotReady"
"""The pods are still there; all others are gone when they are told of."""
ENDS = {
    "Preempting": "preempted by pods of higher priority",
    "Preempted": "preempted by pods of higher priority",
    "NodeLost": "lost with the node",
    STAYING: "on a node that is not ready",
    "Terminated": "ended because the node shut down",
    "Shutdown": "ended because the node shut down",
    "TaintManagerEviction": "evicted (the node got a taint that is not tolerated)",
}
"""What is done to pods, by the reason that their status or the node's controller gives."""
PREEMPTED = frozenset({"Preempting", "Preempted"})
OWN_LIMITS = (
    (
        re.compile(r"exceeded its local ephemeral storage limit \"?(\d{1,15}(?:\.\d{1,6})?\w{0,2})"),
        r"exceeded its own ephemeral-storage limit \1",
    ),
    (
        re.compile(
            r"ephemeral local storage usage exceeds the total limit of containers \"?(\d{1,15}(?:\.\d{1,6})?\w{0,2})"
        ),
        r"exceeded its own ephemeral-storage limit \1",
    ),
    (
        re.compile(r"EmptyDir volume \"([-\w.]{1,63})\" exceeds the limit \"?(\d{1,15}(?:\.\d{1,6})?\w{0,2})"),
        r"its emptyDir \1 exceeded its limit \2",
    ),
)
"""A pod that passed a limit of its own is evicted from a node that is well."""


class Evicted(Analyzer):
    """The kubelet's message tells what the node ran out of."""

    kind = "evicted"
    reasons = frozenset({"Evicted", *ENDS})
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
        reason = fault.details.get(details.REASON, "")
        end = ENDS.get(reason)
        if reason == STAYING:
            return f"{wording.pods} {'are' if wording.is_many else 'is'} {end}"
        return f"{wording.pods} {'were' if wording.is_many else 'was'} {end or f'evicted{self._why(fault)}'}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return what happens to new pods."""
        end = ENDS.get(fault.details.get(details.REASON, ""))
        return f"new pods are {end or f'evicted{self._why(fault)}'}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Say how a pod keeps its place among more important ones: to look at those that are gone tells nothing."""
        if fault.details.get(details.REASON, "") in PREEMPTED:
            return Advice("make room on the nodes, or give its pods a higher priority")
        return super().remedy(fault, pod, describe)

    def _why(self, fault: Fault) -> str:
        """Return what the pod used too much of itself, else what its node ran low on."""
        message = clean(fault.details.get(details.MESSAGE, ""), 400)
        for pattern, words in OWN_LIMITS:
            if found := pattern.search(message):
                return f" ({found.expand(words)})"
        return self.hint(fault)
