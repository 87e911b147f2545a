"""Pods for which no node has room."""

import re
from collections.abc import Mapping

from noctuary.analyzers.base import MAX_MESSAGE_CHARS, Analyzer, Wording
from noctuary.common.redaction import without_secrets
from noctuary.common.text import clean, shorten_middle
from noctuary.common.words import object_name, plain_value, resource_name
from noctuary.models import details
from noctuary.models.diagnosis import Fault

TAINTS = "untolerated taints"
CLAIM_WORDS = "its volume claim"
MAX_CLAIM_CHARS = 40
"""Of a claim's name in a hint."""
MAX_HINTS = 2
"""More than two reasons are no headline."""
_PREEMPTION = re.compile(r"\.?\s{0,3}(?:no new claims to deallocate, )?preemption:.*", re.DOTALL)
_COUNTED = re.compile(r"(\d{1,6}) (.*)", re.DOTALL)
_SHORT = re.compile(r"(?i)insufficient ([-\w./]{1,253})")
_TAINT = re.compile(r"taint(?:\(s\)|s)? \{([-\w./]{1,316})")
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
        (re.compile(r"(?i)volume node affinity|available volume zone"), "its volume is on another node or zone"),
        (re.compile(r"(?i)exceed max volume count"), "nodes take no more volumes"),
        (re.compile(r"(?i)volume|persistent"), "its volume"),
        (re.compile(r"(?i)taint"), TAINTS),
        (re.compile(r"(?i)free ports"), "its host port is taken"),
        (re.compile(r"(?i)topology spread"), "its topology spread allows no node"),
        (re.compile(r"(?i)anti-affinity"), "its anti-affinity leaves no node"),
        (re.compile(r"(?i)pod affinity"), "no node has the pods that it wants beside it"),
        (re.compile(r"(?i)node affinity|node selector|requested node name"), "no node has the labels that it wants"),
        (re.compile(r"(?i)affinity|selector"), "no node matches its rules"),
        (re.compile(r"(?i)no nodes available|0/0 nodes"), "there is no node"),
    )

    def hint(self, fault: Fault) -> str:
        """Return what most nodes lack, and what the next most: the scheduler counts them in no order of weight."""
        clauses = _clauses(fault.details.get(details.MESSAGE, ""))
        found = [(next((words for pattern, words in self.hints if pattern.search(text)), ""), text) for text in clauses]
        asked = dict(each.split("=", 1) for each in fault.details.get(details.ASKS, "").split() if "=" in each)
        told = list(dict.fromkeys(_exact(words, text, asked) for words, text in found if words))[:MAX_HINTS]
        claim = object_name(fault.details.get(details.CLAIM), MAX_CLAIM_CHARS)
        named = ", ".join(told).replace(CLAIM_WORDS, f"{CLAIM_WORDS} {claim}" if claim else CLAIM_WORDS, 1)
        return f" ({named})" if told else ""

    def message(self, fault: Fault) -> str:
        """Return the beginning of the scheduler's words: they end with what was not preempted."""
        return clean(without_secrets(fault.details.get(details.MESSAGE, "") or fault.text), MAX_MESSAGE_CHARS)

    def follows_from(self, fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Follow from a claim that is known to have no volume, where that is why."""
        is_about_claim = root.kind == "storage" and CLAIM_WORDS in self.hint(fault)
        return is_about_claim or super().follows_from(fault, root, root_explains=root_explains)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what no node has."""
        return f"{wording.pods} find{wording.s} no node to run on{self.hint(fault)}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return what no node has."""
        return f"new pods find no node{self.hint(fault)}"


def _exact(words: str, text: str, asked: Mapping[str, str]) -> str:
    """Return a hint with what is short and how much of it is asked for, or the taint that is not tolerated."""
    if words == TAINTS:
        taint = found[1] if (found := _TAINT.search(text)) else ""
        return f"taint {shorten_middle(taint, MAX_CLAIM_CHARS)} is not tolerated" if resource_name(taint) else words
    short = found[1].rstrip(".,;") if (found := _SHORT.search(text)) else ""
    if not words.startswith("insufficient") or not resource_name(short):
        return words
    amount = plain_value(asked.get(short))
    named = f"insufficient {shorten_middle(short, MAX_CLAIM_CHARS)}" if words == "insufficient resources" else words
    return f"{named}, {amount} each" if amount else named


def _clauses(message: str) -> list[str]:
    """Return the reasons that a scheduler's message counts nodes by, those of most nodes first."""
    told = _PREEMPTION.sub("", message).partition("nodes are available: ")
    parts = [found for part in re.split(r", (?=\d+ )", told[2] or told[0]) if (found := _COUNTED.match(part))]
    ordered = [part[2] for part in sorted(parts, key=lambda part: -int(part[1]))]
    telling = [text for text in ordered if not _CONTROL_PLANE.search(text)]
    return telling or ordered or [told[2] or told[0]]
