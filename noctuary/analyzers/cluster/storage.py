"""Volumes that cannot be made, attached or mounted."""

import re

from noctuary.analyzers.base import Advice, Analyzer, Wording, kubectl, kubectl_list
from noctuary.common.words import object_name, plain_value
from noctuary.models import details
from noctuary.models.diagnosis import Fault, Subject

CLAIM_LOST = "ClaimLost"
CLAIM_MISSING, CLAIM_LEAVING, CLAIM_UNMADE = "ClaimMissing", "ClaimTerminating", "ClaimNotProvisioned"
NO_CLASS, NO_DEFAULT_CLASS = "StorageClassMissing", "NoDefaultStorageClass"
NO_VOLUME, VOLUME_GONE, VOLUME_TAKEN = "NoVolumeAvailable", "VolumeMissing", "VolumeBoundToAnother"
TOO_SMALL, OTHER_MODE, OTHER_SELECTOR = "VolumesTooSmall", "VolumesOfOtherMode", "VolumesNotSelected"
WHYS = {
    CLAIM_LOST: "its volume is gone",
    CLAIM_MISSING: "it does not exist",
    CLAIM_LEAVING: "it is being deleted",
    CLAIM_UNMADE: "its storage class makes none",
    NO_CLASS: "no such storage class",
    NO_DEFAULT_CLASS: "it names no storage class, and none is the default",
    NO_VOLUME: "no volume is free, and no storage class makes one",
    VOLUME_GONE: "the volume that it names does not exist",
    VOLUME_TAKEN: "the volume that it names is bound to another claim",
    TOO_SMALL: "the free volumes are too small",
    OTHER_MODE: "the free volumes have another access or volume mode",
    OTHER_SELECTOR: "its selector finds no free volume",
}
"""What specs tell of a claim that has no volume, by our own words; `ClaimLost` is the controller's as well."""
HELP = {
    CLAIM_MISSING: "create it, or name the right one",
    CLAIM_LOST: "its data may be lost: look for the volume before it is made anew",
    CLAIM_LEAVING: "it goes once no pod mounts it, and can be made anew then",
    CLAIM_UNMADE: "see what its provisioner says in its events",
    NO_CLASS: "make the claim anew with a class that exists: it keeps the one that it has",
    NO_DEFAULT_CLASS: "name a class, or make one the default",
}
"""What helps a claim, by our own words; no class can be changed once a claim has one."""
MADE = frozenset({"FailedBinding", "ProvisioningFailed", "VolumeMismatch", *WHYS})
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

    def hint(self, fault: Fault) -> str:
        """Return what the specs tell, else what the platform says."""
        why = WHYS.get(fault.details.get(details.REASON, ""))
        return f" ({why})" if why else super().hint(fault)

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return what cannot be done with which volume."""
        return f"{wording.pods} {_cannot(fault, wording.s)} {_volume(fault, wording.limit)}{self.hint(fault)}"

    def symptom(self, fault: Fault, limit: int) -> str:
        """Return what cannot be done with which volume."""
        return f"new pods {_cannot(fault, '')} {_volume(fault, limit)}{self.hint(fault)}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return a look at the claim that has no volume, else at a pod."""
        reason, namespace = fault.details.get(details.REASON, ""), fault.subject.namespace
        claim = Subject("PersistentVolumeClaim", namespace, fault.details.get(details.CLAIM, ""))
        command = kubectl(claim, "describe", kind=claim.kind) if reason in MADE | RESIZED else ""
        if reason == CLAIM_MISSING:
            command = kubectl_list(namespace, "persistentvolumeclaims")
        remark = HELP.get(reason, "")
        return Advice(command=command, remark=remark) if command else super().remedy(fault, pod, describe)


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
