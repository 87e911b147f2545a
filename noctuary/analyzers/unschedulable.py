"""Pods for which no node has room."""

import re

from noctuary.analyzers.base import Analyzer, Wording
from noctuary.models.diagnosis import Fault


class Unschedulable(Analyzer):
    """The scheduler's message tells what it did not find."""

    kind = "unschedulable"
    reasons = frozenset({"FailedScheduling", "Unschedulable"})
    prior = 0.2
    why = "its pods wait for a node"
    may_follow_from_node = False
    asks_for_nodes = True
    follows_scaling_up = True
    needs_start = True
    hints = (
        (re.compile(r"(?i)insufficient memory"), "insufficient memory"),
        (re.compile(r"(?i)insufficient cpu"), "insufficient CPU"),
        (re.compile(r"(?i)insufficient"), "insufficient resources"),
        (re.compile(r"(?i)taint"), "untolerated taints"),
        (re.compile(r"(?i)affinity|selector|topology spread"), "no node matches its rules"),
        (re.compile(r"(?i)volume|persistent"), "its volume"),
    )

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what no node has."""
        return f"{wording.pods} find{wording.s} no node to run on{self.hint(fault)}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return what no node has."""
        return f"new pods find no node{self.hint(fault)}"
