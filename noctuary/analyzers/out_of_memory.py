"""A container that hit its memory limit."""

import re
from decimal import Decimal

from noctuary.analyzers.base import (
    CRASH_REASONS,
    Advice,
    Analyzer,
    Wording,
    container_named,
    in_container,
    is_about_node,
    kubectl,
    log_reason,
)
from noctuary.common.words import plain_value
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import WORKLOAD_KINDS, Fault, Subject

QUANTITY = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([KMGTP]i|[kMGTP]|e\d{1,2})?")


class OutOfMemory(Analyzer):
    """The kernel ended it; without a rollout before, it needs more or it leaks."""

    kind = "out_of_memory"
    reasons = frozenset({"OOMKilled", "OOMKilling"})
    follows_change_of = ("memory limit", "resources")
    prior = 0.25
    why = "it uses more memory than its limit allows"
    is_root = True
    follows_scaling_down = True

    def recognises(self, event: ContextEvent) -> bool:
        """Take also a program that ended because it was given no more memory, as its last words say."""
        is_crash = event.details.get(details.REASON, "") in CRASH_REASONS and not is_about_node(event)
        return (is_crash and log_reason(event.details)[0] == self.kind) or super().recognises(event)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return how far the limit was."""
        return f"{wording.pods} ran out of memory{container_named(fault, wording.limit, ' in')}{_limit(fault)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return how far the limit was."""
        return f"new pods run out of memory{container_named(fault, limit, ' in')}{_limit(fault)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return the command that doubles the limit."""
        return _raise_limit(fault) or super().remedy(fault, pod, describe)


def _limit(fault: Fault) -> str:
    limit = plain_value(fault.details.get(details.MEMORY_LIMIT))
    return f" (limit {limit})" if limit else ""


def _raise_limit(fault: Fault) -> Advice | None:
    limit, container = fault.details.get(details.MEMORY_LIMIT, ""), in_container(fault)
    quantity = QUANTITY.fullmatch(limit)
    if not quantity or not container or fault.subject.kind not in WORKLOAD_KINDS:
        return None
    doubled = f"{(Decimal(quantity[1]) * 2).normalize():f}{quantity[2] or ''}"
    command = kubectl(fault.subject, "set", "resources", kind=fault.subject.kind)
    if not command:
        return None
    raised = f"{command}{container} --limits=memory={doubled}"
    return Advice(command=raised, remark=f"if it needs more than {limit}, else find the leak", changes=True)
