"""Volumes that cannot be made, attached or mounted."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording, kubectl
from noctuary.common.words import object_name, plain_value
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

MADE = frozenset({"FailedBinding", "ProvisioningFailed", "VolumeMismatch", "ClaimLost"})
"""Reasons of a claim that has no volume yet, or lost it."""
RESIZED = frozenset({"VolumeResizeFailed", "FileSystemResizeFailed"})


class Storage(Analyzer):
    """Told by the kubelet and the volume controllers; the containers were not even tried."""

    kind = "storage"
    reasons = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume", *MADE, *RESIZED})
    prior = 0.2
    why = "pods cannot start without their volumes"
    needs_start = True
    is_root = True
    hints = (
        (re.compile(r"(?i)multi-attach|already (?:attached|used)"), "another node still holds it"),
        (re.compile(r"(?i)storageclass[.\w]{0,60} \"[^\"]{0,253}\" not found"), "no such storage class"),
        (re.compile(r"(?i)no persistent volumes available"), "no volume fits, and no storage class makes one"),
        (re.compile(r"(?i)non-existent (?:secret|config)"), "a key of its ConfigMap or Secret is missing"),
        (re.compile(r"(?i)hostpath type check"), "its path on the node is not as asked"),
        (re.compile(r"(?i)not found in the list of registered CSI"), "its driver is not on the node"),
        (re.compile(r"(?i)quota|limit exceeded|resourceexhausted"), "the storage's quota is used up"),
        (re.compile(r"(?i)denied|unauthorized|forbidden"), "access denied"),
        (re.compile(r"(?i)no such host|connection refused|no route|unreachable"), "its server is not reached"),
        (re.compile(r"(?i)timed out|deadline exceeded"), "it took too long"),
    )

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what cannot be done with which volume."""
        return f"{wording.pods} {_cannot(fault, wording.s)} {_volume(fault, wording.limit)}{self.hint(fault)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return what cannot be done with which volume."""
        return f"new pods {_cannot(fault, '')} {_volume(fault, limit)}{self.hint(fault)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return a look at the claim that has no volume, else at a pod."""
        claim = Subject("PersistentVolumeClaim", fault.subject.namespace, fault.details.get(details.CLAIM, ""))
        is_of_claim = fault.details.get(details.REASON, "") in MADE | RESIZED
        command = kubectl(claim, "describe", kind=claim.kind) if is_of_claim else ""
        return Advice(command=command) if command else super().remedy(fault, pod, describe)


def _cannot(fault: Fault, s: str) -> str:
    reason = fault.details.get(details.REASON, "")
    if reason in RESIZED:
        return "cannot enlarge"
    return f"wait{s} for" if reason in MADE else "cannot mount"


def _volume(fault: Fault, limit: int) -> str:
    """Return for example `volume claim data of class fast, 10Gi`."""
    claim, storage_class = (
        object_name(fault.details.get(name), limit) for name in (details.CLAIM, details.STORAGE_CLASS)
    )
    size = plain_value(fault.details.get(details.CLAIM_SIZE))
    named = f"volume claim {claim}" if claim else "a volume"
    return named + (f" of class {storage_class}" if storage_class else "") + (f", {size}" if size else "")
