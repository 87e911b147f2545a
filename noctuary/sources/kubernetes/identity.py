"""Which service and workload an object belongs to."""

import re
from collections.abc import Mapping

import msgspec

from noctuary.kube.objects import ObjectMeta, TemplateMeta, controller_of
from noctuary.models import details
from noctuary.models.context_event import ObjectRef

SERVICE_ANNOTATIONS = ("noctuary.io/service", "resource.opentelemetry.io/service.name")
"""Asked in this order, before the label and the owner's name."""
SERVICE_LABEL = "app.kubernetes.io/name"
POD_HASH_LABEL = "pod-template-hash"
REVISION_HASH_LABEL = "controller-revision-hash"
"""Deployments mark their pods with the first, StatefulSets and DaemonSets with the second."""
FOREIGN_HASH_LABEL = "rollouts-pod-template-hash"
"""As Argo Rollouts marks the ReplicaSets and pods of its own."""
_CRON_RUN = re.compile(r"-\d{8,10}$")
"""A CronJob names its Jobs by the minute they are for."""


class PodIdentity(msgspec.Struct, frozen=True):
    """What must be known of a pod to say which service and workload its faults belong to."""

    ref: ObjectRef
    service_name: str
    template_hash: str
    probes: dict[str, str] = {}
    """What each probe asks, by `<container>/<liveness|readiness|startup>`."""

    def extra(self) -> dict[str, str]:
        """Return the details that every event of this pod carries."""
        return {details.TEMPLATE_HASH: self.template_hash, details.NODE: self.ref.node}


def service_of(annotations: Mapping[str, str], labels: Mapping[str, str], owner: str) -> str:
    """Return the service by annotation, then label, then the owner's name."""
    named = (annotations.get(name) for name in SERVICE_ANNOTATIONS)
    return next((name for name in (*named, labels.get(SERVICE_LABEL)) if name), owner)


def template_service(template: TemplateMeta, metadata: ObjectMeta) -> str:
    """Return the service of a workload, as its pods will name it."""
    return service_of(template.annotations, template.labels, metadata.name)


def pod_workload(metadata: ObjectMeta) -> tuple[str, str]:
    """Return kind and name of a pod's workload; ("", "") for a pod of its own."""
    owner = controller_of(metadata)
    if owner is None:
        return "", ""
    if owner.kind == "ReplicaSet" and (pod_hash := metadata.labels.get(POD_HASH_LABEL)):
        # A Deployment names its ReplicaSets <name>-<hash> and labels their pods with the hash.
        return "Deployment", owner.name.removesuffix(f"-{pod_hash}")
    if owner.kind == "Job" and _CRON_RUN.search(owner.name):
        return "CronJob", _CRON_RUN.sub("", owner.name)
    return owner.kind, owner.name
