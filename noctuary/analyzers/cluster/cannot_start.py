"""A container whose program is never run."""

import re

from noctuary.analyzers.base import Analyzer, Wording, container_named
from noctuary.analyzers.image_pull import is_about_image
from noctuary.common.text import clean, shorten_middle
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault

MAX_WHY_CHARS = 80
"""Of the runtime's words in a sentence: a path and three words."""
_HAS_WHY = re.compile(
    r"(?:working directory )?(?P<path>\S+): (?P<why>no such file|not found in \$PATH|permission denied)"
)
_PATH = re.compile(r"(?:\.{0,2}/|[\w@%+=,-]+/)[\w.@%+=,/-]*|[\w.@%+=,-]+")
"""What a program may be called; what has a dot before its first slash is a host."""


class CannotStart(Analyzer):
    """The runtime says why; there is no process, so there are no logs."""

    kind = "cannot_start"
    reasons = frozenset(
        {
            "StartError",
            "RunContainerError",
            "ContainerCannotRun",
            "CreateContainerError",
            "PreCreateHookError",
            "PreStartHookError",
            "PostStartHookError",
            "FailedPostStartHook",
        }
    )
    prior = 0.25
    why = "its container cannot start"
    needs_start = True
    is_root = True
    hints = (
        (re.compile(r"exec format error"), "built for another CPU architecture"),
        (re.compile(r"(?i)poststart"), "its postStart hook fails"),
        (re.compile(r"(?i)not a directory"), "a file is mounted over a directory, or the other way round"),
        (re.compile(r"(?i)unable to find (?:user|group)"), "its user does not exist in the image"),
        (re.compile(r"(?i)no space left"), "the disk is full"),
    )

    def recognises(self, event: ContextEvent) -> bool:
        """Take what the kubelet only calls failed where it is not about an image, else go by the reason."""
        is_failed = event.details.get(details.REASON) == "Failed" and not is_about_image(event)
        return is_failed or super().recognises(event)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return which container cannot start, and why."""
        return f"{wording.pods} cannot start{container_named(fault, wording.limit)}{self._reason(fault)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return why new pods do not start."""
        return f"new pods cannot start{container_named(fault, limit)}{self._reason(fault)}"

    def _reason(self, fault: Fault) -> str:
        """Return `: /app/start.sh: no such file`, or a hint; of what is no path only what is wrong with it."""
        found = _HAS_WHY.match(clean(fault.details.get(details.MESSAGE, ""), 400))
        if not found:
            return self.hint(fault)
        is_path = _PATH.fullmatch(found["path"]) and "//" not in found["path"]
        return f": {shorten_middle(found[0] if is_path else found['why'], MAX_WHY_CHARS)}"
