"""Which service and workload an object belongs to."""

import re
from collections.abc import Mapping
from itertools import islice

import msgspec

from noctuary.kube.objects import ObjectMeta, OwnerReference, TemplateMeta, controller_of, seconds
from noctuary.models import details
from noctuary.models.context_event import ObjectRef
from noctuary.models.naming import names_of

SERVICE_ANNOTATIONS = ("noctuary.io/service", "resource.opentelemetry.io/service.name")
"""Asked in this order, before the label and the owner's name."""
SERVICE_CHARACTERS = 253
"""Of a service's name: an annotation may hold 256 KB, and every event of a pod carries the name."""
MAX_LABELS, LABEL_CHARACTERS = 64, 380
"""Of one object that are kept, the first by name, and of such lengths only as a label may have: every event of a pod
carries its labels, and the API server bounds none but by the size of the object."""
SERVICE_LABEL = "app.kubernetes.io/name"
POD_HASH_LABEL = "pod-template-hash"
REVISION_HASH_LABEL = "controller-revision-hash"
"""Deployments mark their pods with the first, StatefulSets and DaemonSets with the second."""
ROLLOUT_HASH_LABEL = "rollouts-pod-template-hash"
"""Argo Rollouts mark theirs with one of their own."""
_CRON_RUN = re.compile(r"(.+)-(\d{8,9})")
_RUN_UNIT_S = 60
"""A CronJob names its Jobs by the minute they are for, counted since the epoch."""
_RUN_EARLY_S, _RUN_LATE_S = 300.0, 8 * 86400.0
"""A run is made in its minute, or later when it was missed: a week is generous. More is a date or a build's number."""


class PodIdentity(msgspec.Struct, frozen=True):
    """What must be known of a pod to say which service and workload its faults belong to."""

    ref: ObjectRef
    service_name: str
    template_hash: str
    probes: dict[str, str] = {}
    """What each probe asks, by `<container>/<liveness|readiness|startup>`."""
    owner_uid: str = ""
    """The uid of its controller: who watches that knows whose it is in turn."""
    roles: dict[str, str] = {}
    """`init container` or `container` by name, of those that are not the pod's first."""
    claims: tuple[str, ...] = ()
    """The PersistentVolumeClaims that it mounts."""
    never_ready: bool | None = None
    """Whether it was never ready since it was created; None: not a pod, or not known."""
    leaving_since: float = 0.0
    """When its end was asked for (seconds since the epoch); 0: it was not."""

    def extra(self) -> dict[str, str]:
        """Return the details that every event of this pod carries."""
        found = {details.TEMPLATE_HASH: self.template_hash, details.NODE: self.ref.node}
        if self.never_ready is not None:  # told both ways, because what is told later replaces what was told before
            found[details.NEVER_READY] = "1" if self.never_ready else "0"
        return found

    @property
    def only_claim(self) -> str:
        """The claim that a pod mounts, where it is the only one."""
        return self.claims[0] if len(self.claims) == 1 else ""

    def names(self) -> frozenset[str]:
        """Return all names by which its workload may be meant."""
        return names_of(self.ref.labels, self.service_name, self.ref.workload_name, self.ref.name)

    def owned_by(self, workload_kind: str, workload_name: str) -> "PodIdentity":
        """Return the identity with the workload that its owner was found to belong to."""
        service = workload_name if self.service_name == self.ref.workload_name else self.service_name
        ref = msgspec.structs.replace(self.ref, workload_kind=workload_kind, workload_name=workload_name)
        return msgspec.structs.replace(self, ref=ref, service_name=service)


def service_of(annotations: Mapping[str, str], labels: Mapping[str, str], owner: str) -> str:
    """Return the service by annotation, then label, then the owner's name."""
    named = (annotations.get(name) for name in SERVICE_ANNOTATIONS)
    return next(
        (name for name in (*named, labels.get(SERVICE_LABEL)) if name and len(name) <= SERVICE_CHARACTERS), owner
    )


def kept_labels(labels: dict[str, str]) -> dict[str, str]:
    """Return the labels that are kept of an object."""
    if len(labels) <= MAX_LABELS and all(len(name) + len(labels[name]) <= LABEL_CHARACTERS for name in labels):
        return labels
    short = ((name, labels[name]) for name in sorted(labels) if len(name) + len(labels[name]) <= LABEL_CHARACTERS)
    return dict(islice(short, MAX_LABELS))


def template_service(template: TemplateMeta, metadata: ObjectMeta) -> str:
    """Return the service of a workload, as its pods will name it."""
    return service_of(template.annotations, template.labels, metadata.name)


def template_hash_of(labels: Mapping[str, str]) -> str:
    """Return what tells a pod's template from others, as its controller marked it."""
    return labels.get(POD_HASH_LABEL) or labels.get(REVISION_HASH_LABEL) or labels.get(ROLLOUT_HASH_LABEL, "")


def pod_workload(metadata: ObjectMeta) -> tuple[str, str]:
    """Return kind and name of a pod's workload as far as the pod knows it; of a pod of its own, the pod."""
    owner = controller_of(metadata)
    if owner is None:
        return "Pod", metadata.name
    if owner.kind == "Node":
        # A static pod is written on its node: the kubelet mirrors it as <name>-<node>.
        return "Pod", metadata.name.removesuffix(f"-{owner.name}")
    if owner.kind == "ReplicaSet":
        return _replica_set_workload(metadata.labels, owner)
    if owner.kind == "Job":
        return job_workload(owner.name, seconds(metadata.creation_timestamp))
    return owner.kind, owner.name


def job_workload(name: str, made_at: float) -> tuple[str, str]:
    """Return whose a Job is, by its name: a run of a CronJob is named by a minute that was current when it was made."""
    found = _CRON_RUN.fullmatch(name)
    if found and -_RUN_EARLY_S <= made_at - int(found[2]) * _RUN_UNIT_S <= _RUN_LATE_S:
        return "CronJob", found[1]
    return "Job", name


def _replica_set_workload(labels: Mapping[str, str], owner: OwnerReference) -> tuple[str, str]:
    """Return what a ReplicaSet's name tells of its own owner, until the ReplicaSet itself is known."""
    pod_hash = labels.get(POD_HASH_LABEL, "")
    if pod_hash and owner.name.endswith(f"-{pod_hash}"):
        # A Deployment names its ReplicaSets <name>-<hash> and labels their pods with the hash.
        return "Deployment", owner.name.removesuffix(f"-{pod_hash}")
    rollout_hash = labels.get(ROLLOUT_HASH_LABEL, "")
    if rollout_hash and owner.name.endswith(f"-{rollout_hash}"):
        return "", owner.name.removesuffix(f"-{rollout_hash}")
    return owner.kind, owner.name
