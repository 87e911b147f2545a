"""A container that hit its memory limit."""

import re
import shlex

from noctuary.analyzers.base import NAME, Analyzer, Wording, container_named, kubectl
from noctuary.common.text import clean
from noctuary.models import details
from noctuary.models.diagnosis import WORKLOAD_KINDS, Fault, Subject

QUANTITY = re.compile(r"(\d{1,9})(Ki|Mi|Gi|k|M|G)?")


class OutOfMemory(Analyzer):
    """The kernel ended it; without a rollout before, it needs more or it leaks."""

    kind = "out_of_memory"
    reasons = frozenset({"OOMKilled", "OOMKilling"})
    prior = 0.25
    why = "it uses more memory than its limit allows"
    is_root = True

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return how far the limit was."""
        return f"{wording.pods} ran out of memory{container_named(fault, wording.limit, ' in')}{_limit(fault)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return how far the limit was."""
        return f"new pods run out of memory{container_named(fault, limit, ' in')}{_limit(fault)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> str:
        """Return the command that doubles the limit."""
        return _raise_limit(fault) or super().remedy(fault, pod, describe)


def _limit(fault: Fault) -> str:
    limit = clean(fault.details.get(details.MEMORY_LIMIT, ""), 20)
    return f" (limit {limit})" if limit else ""


def _raise_limit(fault: Fault) -> str:
    limit, container = fault.details.get(details.MEMORY_LIMIT, ""), fault.details.get(details.CONTAINER, "")
    quantity = QUANTITY.fullmatch(limit)
    if not quantity or not NAME.fullmatch(container) or fault.subject.kind not in WORKLOAD_KINDS:
        return ""
    doubled = f"{int(quantity[1]) * 2}{quantity[2] or ''}"
    command = kubectl(fault.subject, "set", "resources", kind=fault.subject.kind)
    if not command:
        return ""
    condition = f"if it needs more than {limit}; else find the leak"
    return f"{command} -c {shlex.quote(container)} --limits=memory={doubled}        {condition}"
