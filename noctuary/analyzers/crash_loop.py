"""A container that exits again and again."""

import re

from noctuary.analyzers.base import (
    CRASH_LOOP,
    CRASH_REASONS,
    HELD_BACK,
    Advice,
    Analyzer,
    Wording,
    container_named,
    in_container,
    is_single,
    kubectl,
    was_killed,
)
from noctuary.analyzers.image_pull import AMBIGUOUS, is_about_image
from noctuary.analyzers.probe import Probe, kills
from noctuary.common.words import COUNT
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import JOB_KINDS, Fault, Subject

_EXIT_CODE = re.compile(r"-?[0-9]{1,10}")
EXIT_MEANINGS = {
    "0": "it ended by itself, without an error",
    "126": "not executable",
    "127": "command not found",
    "134": "aborted",
    "137": "killed",
    "139": "segmentation fault",
    "143": "terminated",
}
"""A shell's codes, and 128 plus the number of a signal."""


class CrashLoop(Analyzer):
    """Its own process ends; or a probe ends it, and then that is the fault."""

    kind = CRASH_LOOP
    reasons = CRASH_REASONS
    prior = 0.2
    why = "its container exits again and again"
    is_consequence = True
    follows_scaling_down = True
    follows_dependency = True
    tells_cause = False

    def recognises(self, event: ContextEvent) -> bool:
        """Take an ambiguous reason that is not about an image, else go by the reason."""
        if event.details.get(details.REASON, "") in AMBIGUOUS:
            return not is_about_image(event)
        return super().recognises(event)

    def follows_from(self, fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Follow from a probe that kills only where a signal ended the container."""
        if root.kind == Probe.kind:
            return kills(root) and (was_killed(fault) or root.details.get(details.KILLED) == "1")
        return super().follows_from(fault, root, root_explains=root_explains)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return how it ends; a single crash is no loop."""
        crashes = f"keep{wording.s} crashing" if is_loop(fault) else "crashed"
        return f"{wording.pods} {crashes}{container_named(fault, wording.limit, ' in')}{_exit_code(fault)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return how new pods end."""
        return f"new pods crash{container_named(fault, limit, ' in')}{_exit_code(fault)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return the command that shows the last words of the container, if it ever said one."""
        previous = ["--previous"] if _has_previous(fault) else []
        logs = kubectl(pod, "logs", *previous, kind="")
        return Advice(command=logs + in_container(fault) if logs else describe)


def _has_previous(fault: Fault) -> bool:
    """Tell whether each pod holds a container that ran before; a Job makes new pods."""
    is_one = len(fault.pods) <= 1  # of several, older diagnoses know the restarts of all together
    least = fault.details.get(details.LEAST_RESTARTS) or (fault.details.get(details.RESTARTS, "") if is_one else "")
    return bool(COUNT.fullmatch(least)) and int(least) >= 1 and fault.subject.kind not in JOB_KINDS


def is_loop(fault: Fault) -> bool:
    """Tell whether it ended again and again, or is held back from another start."""
    if fault.details.get(details.REASON) in HELD_BACK:
        return True
    return fault.details.get(details.RESTARTS, "") not in ("", "0") and not is_single(fault)


def _exit_code(fault: Fault) -> str:
    told = fault.details.get(details.EXIT_CODE, "")
    code = told if _EXIT_CODE.fullmatch(told) else ""
    meaning = f" ({EXIT_MEANINGS[code]})" if code in EXIT_MEANINGS else ""
    return f" with exit code {code}{meaning}" if code else ""
