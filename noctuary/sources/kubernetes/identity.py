"""Which service and workload an object belongs to."""

import re
from collections.abc import Mapping

import msgspec

from noctuary.kube.objects import ObjectMeta, Pod, Probe, TemplateMeta, controller_of
from noctuary.models import details
from noctuary.models.context_event import ObjectRef

SERVICE_ANNOTATIONS = ("noctuary.io/service", "resource.opentelemetry.io/service.name")
"""Asked in this order, before the label and the owner's name."""
SERVICE_LABEL = "app.kubernetes.io/name"
POD_HASH_LABEL = "pod-template-hash"
REVISION_HASH_LABEL = "controller-revision-hash"
"""Deployments mark their pods with the first, StatefulSets and DaemonSets with the second."""
_CRON_RUN = re.compile(r"-\d{8,10}$")
"""A CronJob names its Jobs by the minute they are for."""


class PodIdentity(msgspec.Struct, frozen=True):
    """What must be known of a pod to say whose trouble its trouble is."""

    ref: ObjectRef
    service_name: str
    template_hash: str
    probes: dict[str, str] = {}
    """What each probe asks, by `<container>/<liveness|readiness|startup>`."""

    def facts(self) -> dict[str, str]:
        """Return the details that every event of this pod carries."""
        return {details.TEMPLATE_HASH: self.template_hash, details.NODE: self.ref.node}


def service_of(annotations: Mapping[str, str], labels: Mapping[str, str], owner: str) -> str:
    """Return the service by annotation, then label, then the owner's name."""
    named = (annotations.get(name) for name in SERVICE_ANNOTATIONS)
    return next((name for name in (*named, labels.get(SERVICE_LABEL)) if name), owner)


def template_service(template: TemplateMeta, metadata: ObjectMeta) -> str:
    """Return the service of a workload, as its pods will name it."""
    return service_of(template.annotations, template.labels, metadata.name)


def identify_pod(pod: Pod) -> PodIdentity:
    """Say who a pod is."""
    kind, name = pod_workload(pod.metadata)
    labels = pod.metadata.labels
    ref = ObjectRef(
        kind="Pod",
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        uid=pod.metadata.uid,
        workload_kind=kind,
        workload_name=name,
        node=pod.spec.node_name,
        labels=labels,
    )
    service = service_of(pod.metadata.annotations, labels, name or pod.metadata.name)
    return PodIdentity(ref, service, labels.get(POD_HASH_LABEL) or labels.get(REVISION_HASH_LABEL, ""), _probes(pod))


def _probes(pod: Pod) -> dict[str, str]:
    return {
        f"{container.name}/{name}": target
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        for name, probe in (
            ("liveness", container.liveness_probe),
            ("readiness", container.readiness_probe),
            ("startup", container.startup_probe),
        )
        if probe is not None and (target := _target(probe))
    }


def _target(probe: Probe) -> str:
    """Return the path, the port or the command's name; its arguments may hold what no note should."""
    if probe.http_get is not None:
        return probe.http_get.path.partition("?")[0] or "/"
    if probe.exec is not None and probe.exec.command:
        return f"command {probe.exec.command[0].rpartition('/')[2]}"
    action = probe.tcp_socket or probe.grpc
    return f"port {action.port}" if action is not None else ""


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
