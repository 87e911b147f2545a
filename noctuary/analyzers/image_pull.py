"""An image that cannot be pulled."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording
from noctuary.common.text import clean, shorten_middle
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject

AMBIGUOUS = frozenset({"BackOff", "Failed"})
"""Reasons that the kubelet gives for images and for containers; its message tells which."""


class ImagePull(Analyzer):
    """The registry, the name or the access is wrong; the message says which."""

    kind = "image_pull"
    reasons = frozenset(
        {
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImageNeverPull",
            "InvalidImageName",
            "ImageInspectError",
            "RegistryUnavailable",
        }
    )
    prior = 0.25
    why = "new pods cannot start without their image"
    is_root = True
    needs_start = True
    may_follow_from_node = False
    hints = (
        (re.compile(r"(?i)toomanyrequests|429|rate limit"), "rate limit of the registry"),
        (re.compile(r"(?i)unauthorized|denied|forbidden|authentication required"), "access denied"),
        (re.compile(r"(?i)not ?found|manifest unknown"), "not found"),
        (re.compile(r"(?i)no such host|timeout|timed out|connection refused|unreachable"), "registry not reached"),
        (re.compile(r"(?i)invalid reference|couldn't parse"), "not a valid name"),
    )

    def recognises(self, event: ContextEvent) -> bool:
        """Take an ambiguous reason when its message speaks of an image, else go by the reason."""
        return is_about_image(event) or super().recognises(event)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return which image, and why not."""
        return f"{wording.pods} cannot pull image {_image(fault, wording.limit)}{self.hint(fault)}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return why the image is not there; the rollout names it."""
        return f"the image cannot be pulled{self.hint(fault)}"

    def remedy(self, _fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return a look at the pod, and what to check."""
        return Advice(command=describe, remark="check the name of the image, and its pull secret")


def is_about_image(event: ContextEvent) -> bool:
    """Tell whether an event with an ambiguous reason is about an image."""
    is_ambiguous = event.details.get(details.REASON, "") in AMBIGUOUS
    return is_ambiguous and "image" in event.details.get(details.MESSAGE, "").lower()


def _image(fault: Fault, limit: int) -> str:
    image = clean(fault.details.get(details.IMAGE, ""), 400)
    return shorten_middle(image.rsplit("/", 1)[-1], limit) if image else "(unnamed)"
