"""Pods for which no node has room."""

import re

from noctuary.analyzers.base import MAX_MESSAGE_CHARS, Analyzer, Wording
from noctuary.common.redaction import without_secrets
from noctuary.common.text import clean
from noctuary.common.words import object_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault

CLAIM_WORDS = "its volume claim"
MAX_CLAIM_CHARS = 40
"""Of a claim's name in a hint."""
MAX_HINTS = 2
"""More than two reasons are no headline."""
_PREEMPTION = re.compile(r"\.?\s{0,3}(?:no new claims to deallocate, )?preemption:.*", re.DOTALL)
_COUNTED = re.compile(r"(\d{1,6}) (.*)", re.DOTALL)
_CONTROL_PLANE = re.compile(r"taint \{?node-role\.kubernetes\.io/(?:control-plane|master)")
"""Ordinary pods never go there: that says nothing beside other reasons."""


class Unschedulable(Analyzer):
    """The scheduler's message tells what it did not find."""

    kind = "unschedulable"
    reasons = frozenset({"FailedScheduling", "Unschedulable"})
    follows_change_of = ("resources", "node selector", "affinity", "tolerations", "topology")
    prior = 0.2
    why = "its pods wait for a node"
    may_follow_from_node = False
    asks_for_nodes = True
    follows_scaling_up = True
    needs_start = True
    hints = (
        (re.compile(r"(?i)were unschedulable|kubernetes\.io/unschedulable"), "nodes are cordoned"),
        (re.compile(r"(?i)kubernetes\.io/(?:not-ready|unreachable)"), "nodes are not ready"),
        (re.compile(r"(?i)kubernetes\.io/\w+-pressure"), "nodes are short of memory, disk or process ids"),
        (re.compile(r"(?i)insufficient memory"), "insufficient memory"),
        (re.compile(r"(?i)insufficient cpu"), "insufficient CPU"),
        (re.compile(r"(?i)insufficient ephemeral-storage"), "insufficient disk"),
        (re.compile(r"(?i)insufficient"), "insufficient resources"),
        (re.compile(r"(?i)too many pods"), "nodes hold as many pods as they may"),
        (re.compile(r"(?i)persistentvolumeclaim \S+ not found"), "its volume claim does not exist"),
        (
            re.compile(r"(?i)unbound immediate|available persistent volumes to bind|unbound persistentvolumeclaim"),
            "its volume claim is not bound",
        ),
        (re.compile(r"(?i)volume|persistent"), "its volume"),
        (re.compile(r"(?i)taint"), "untolerated taints"),
        (re.compile(r"(?i)free ports"), "its host port is taken"),
        (re.compile(r"(?i)affinity|selector|topology spread"), "no node matches its rules"),
    )

    def hint(self, fault: Fault) -> str:
        """Return what most nodes lack, and what the next most: the scheduler counts them in no order of weight."""
        clauses = _clauses(fault.details.get(details.MESSAGE, ""))
        found = [next((words for pattern, words in self.hints if pattern.search(text)), "") for text in clauses]
        told = list(dict.fromkeys(filter(None, found)))[:MAX_HINTS]
        claim = object_name(fault.details.get(details.CLAIM), MAX_CLAIM_CHARS)
        named = ", ".join(told).replace(CLAIM_WORDS, f"{CLAIM_WORDS} {claim}" if claim else CLAIM_WORDS, 1)
        return f" ({named})" if told else ""

    def message(self, fault: Fault) -> str:
        """Return the beginning of the scheduler's words: they end with what was not preempted."""
        return clean(without_secrets(fault.details.get(details.MESSAGE, "") or fault.text), MAX_MESSAGE_CHARS)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what no node has."""
        return f"{wording.pods} find{wording.s} no node to run on{self.hint(fault)}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return what no node has."""
        return f"new pods find no node{self.hint(fault)}"


def _clauses(message: str) -> list[str]:
    """Return the reasons that a scheduler's message counts nodes by, those of most nodes first."""
    told = _PREEMPTION.sub("", message).partition("nodes are available: ")
    parts = [found for part in re.split(r", (?=\d+ )", told[2] or told[0]) if (found := _COUNTED.match(part))]
    ordered = [part[2] for part in sorted(parts, key=lambda part: -int(part[1]))]
    telling = [text for text in ordered if not _CONTROL_PLANE.search(text)]
    return telling or ordered or [told[2] or told[0]]
