"""An image that cannot be pulled."""

import re

from noctuary.analyzers.base import NOT_YET_VALID, Advice, Analyzer, Wording, container_named
from noctuary.common.text import shorten, shorten_middle
from noctuary.common.words import is_label, is_subdomain, plain_image
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Fault, Subject

AMBIGUOUS = frozenset({"BackOff", "Failed"})
"""Reasons that the kubelet gives for images and for containers; its message tells which."""


MAX_SECRET_CHARS = 63
HELP = {
    "rate limit of the registry": "pull with an account, or wait until the limit is over",
    "not for this CPU architecture": "build it for the architecture of its nodes",
    "the registry's certificate has expired": "renew the certificate of the registry, or pull from another one",
    "the registry's certificate is not trusted": "let the nodes trust the certificate of the registry",
    "the node's disk is full": "free the disk of its node",
    "registry not reached": "check that its node reaches the registry",
}
"""What helps where neither the name nor the access is wrong, by the hint."""
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
    needs_start = True
    may_follow_from_node = False
    hints = (
        (re.compile(r"(?i)toomanyrequests|429|rate limit"), "rate limit of the registry"),
        (re.compile(r"(?i)no match for platform|no matching manifest|exec format"), "not for this CPU architecture"),
        (re.compile(r"(?i)does not exist or may require"), "no such image, or access denied"),
        (re.compile(r"(?i)" + NOT_YET_VALID), "the registry's certificate is not trusted"),
        (re.compile(r"(?i)certificate has expired"), "the registry's certificate has expired"),
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
        """Return ` (no pull secret regcred; access denied)`."""
        told = fault.details.get(details.PULL_SECRET, "")
        missing = (
            f"no pull secret {shorten(told, MAX_SECRET_CHARS)}" if _are_secrets(told) else "a pull secret is missing"
        )
        parts = [missing if told else "", self.hint(fault).strip(" ()")]
        said = "; ".join(part for part in parts if part)
        return f" ({said})" if said else ""

    def remedy(self, fault: Fault, _pod: Subject, describe: str) -> Advice:
        """Return a look at the pod, and what to check."""
        secret = fault.details.get(details.PULL_SECRET, "")
        if is_subdomain(secret):
            return Advice(command=describe, remark=f"create pull secret {secret}, or name the right one")
        why = self.hint(fault).strip(" ()")
        return Advice(command=describe, remark=HELP.get(why, "check the name of the image, and its pull secret"))


def is_about_image(event: ContextEvent) -> bool:
    """Tell whether an event with an ambiguous reason is about an image."""
    is_ambiguous = event.details.get(details.REASON, "") in AMBIGUOUS
    return is_ambiguous and bool(_ABOUT_IMAGE.search(event.details.get(details.MESSAGE, "")))


def _are_secrets(told: str) -> bool:
    """Tell whether these are names as the kubelet lists them: `shop/regcred, shop/backup`."""
    parts = [each.rpartition("/") for each in told.split(", ")]
    return all(is_subdomain(name) and (not slash or is_label(namespace)) for namespace, slash, name in parts)


def _image(fault: Fault, limit: int) -> str:
    told = fault.details.get(details.IMAGE, "")
    image = plain_image(told)
    if not image:
        return "(with an odd name)" if told else "(unnamed)"
    return shorten_middle(image.rsplit("/", 1)[-1], limit)
