"""An image that cannot be pulled."""

import re

from noctuary.analyzers.base import Analyzer, Wording, container_named
from noctuary.common.text import clean, shorten, shorten_middle
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject

AMBIGUOUS = frozenset({"BackOff", "Failed"})
"""Reasons that the kubelet gives for images and for containers; its message tells which."""


MAX_SECRET_CHARS = 63
_ABOUT_IMAGE = re.compile(r"(?i)\b(?:pull|pulling|inspect) image|\bErrImage|\bImagePull")
"""The word alone means nothing: containers and pods are named for images, too."""


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
            "SignatureValidationFailed",
            "InspectFailed",
        }
    )
    prior = 0.25
    why = "new pods cannot start without their image"
    is_root = True
    may_follow_from_node = False
    hints = (
        (re.compile(r"(?i)toomanyrequests|429|rate limit"), "rate limit of the registry"),
        (re.compile(r"(?i)no match for platform|no matching manifest|exec format"), "not for this CPU architecture"),
        (re.compile(r"(?i)does not exist or may require"), "no such image, or access denied"),
        (re.compile(r"(?i)x509|certificate"), "the registry's certificate is not trusted"),
        (re.compile(r"(?i)no space left"), "the node's disk is full"),
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
        image = _image(fault, wording.limit) + container_named(fault, wording.limit, " of")
        return f"{wording.pods} cannot pull image {image}{self._why(fault)}"

    def symptom(self, fault: Fault, _limit: int) -> str:
        """Return why the image is not there; the rollout names it."""
        return f"the image cannot be pulled{self._why(fault)}"

    def _why(self, fault: Fault) -> str:
        """Return ` (access denied; no pull secret regcred)`."""
        secret = shorten(clean(fault.details.get(details.PULL_SECRET, ""), 253), MAX_SECRET_CHARS)
        parts = [self.hint(fault).strip(" ()"), f"no pull secret {secret}" if secret else ""]
        said = "; ".join(part for part in parts if part)
        return f" ({said})" if said else ""

    def remedy(self, _fault: Fault, _pod: Subject, describe: str) -> str:
        """Return a look at the pod, and what to check."""
        return f"{describe}        check the image's name, and its pull secret"


def is_about_image(event: ContextEvent) -> bool:
    """Tell whether an event with an ambiguous reason is about an image."""
    is_ambiguous = event.details.get(details.REASON, "") in AMBIGUOUS
    return is_ambiguous and bool(_ABOUT_IMAGE.search(event.details.get(details.MESSAGE, "")))


def _image(fault: Fault, limit: int) -> str:
    image = clean(fault.details.get(details.IMAGE, ""), 400)
    return shorten_middle(image.rsplit("/", 1)[-1], limit) if image else "(unnamed)"
