"""Deployments, StatefulSets, DaemonSets and ReplicaSets, boiled down to what a rollout or a scaling shows in."""

import msgspec

from noctuary.kube.objects import (
    DaemonSet,
    Deployment,
    ManagedFields,
    ReplicaSet,
    Workload,
    WorkloadMeta,
    controller_of,
    seconds,
)
from noctuary.models.context_event import ObjectRef
from noctuary.sources.kubernetes.identity import POD_HASH_LABEL, template_service
from noctuary.sources.kubernetes.template import TemplateSummary, summarize

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
REVISION_HISTORY_ANNOTATION = "deployment.kubernetes.io/revision-history"
"""Present on a ReplicaSet that was rolled back to: its age says nothing about the rollout then."""
DAEMON_SET_GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"
"""Deprecated by name only: the API server still counts a DaemonSet's templates in it."""
_TEMPLATE_FIELD = b'"f:template"'
_REPLICAS_FIELD = b'"f:replicas"'


class Write(msgspec.Struct, frozen=True):
    """Who last wrote a field, and when (seconds since the epoch; 0: unknown)."""

    manager: str = ""
    at: float = 0.0


class Revision(msgspec.Struct, frozen=True):
    """One revision of a workload; `number` orders the revisions of a Deployment, `template` is an encoded summary."""

    name: str
    number: int
    template_hash: str
    created_at: float
    reused: bool
    template: bytes

    def summary(self) -> TemplateSummary:
        """Return the summary of the template."""
        return msgspec.json.decode(self.template, type=TemplateSummary)


class WorkloadView(msgspec.Struct, frozen=True):
    """A workload as it is now. `revision` is None while its controller has not caught up with its spec.

    `replicas` is what its author asked for (None: a DaemonSet's author cannot), `desired` how many pods that makes.
    For a Deployment only the revision's number is known here; the ReplicaSet of that number holds the rest.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    service_name: str
    labels: dict[str, str]
    created_at: float
    generation: int
    replicas: int | None
    desired: int
    ready: int
    updated: int
    revision_number: int
    revision: Revision | None
    template_write: Write
    replicas_write: Write

    @property
    def ref(self) -> ObjectRef:
        """Return the reference that events about this workload carry."""
        return ObjectRef(self.kind, self.namespace, self.name, self.uid, self.kind, self.name, labels=self.labels)


def view_workload(obj: Workload) -> WorkloadView:
    """Boil a workload down."""
    metadata, status = obj.metadata, obj.status
    is_daemon_set = isinstance(obj, DaemonSet)
    return WorkloadView(
        kind=type(obj).__name__,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        service_name=template_service(obj.spec.template.metadata, metadata),
        labels=obj.spec.template.metadata.labels,
        created_at=seconds(metadata.creation_timestamp),
        generation=metadata.generation,
        replicas=None if is_daemon_set else obj.spec.replicas,
        desired=status.desired_number_scheduled if is_daemon_set else obj.spec.replicas or 0,
        ready=status.number_ready if is_daemon_set else status.ready_replicas,
        updated=status.updated_number_scheduled if is_daemon_set else status.updated_replicas,
        revision_number=_number(metadata.annotations.get(REVISION_ANNOTATION)),
        revision=None if isinstance(obj, Deployment) else _own_revision(obj),
        template_write=last_write(metadata, _TEMPLATE_FIELD),
        replicas_write=last_write(metadata, _REPLICAS_FIELD),
    )


def _own_revision(obj: Workload) -> Revision | None:
    metadata, status = obj.metadata, obj.status
    if status.observed_generation < metadata.generation:
        return None
    written = last_write(metadata, _TEMPLATE_FIELD).at
    counted = _number(metadata.annotations.get(DAEMON_SET_GENERATION_ANNOTATION))
    template = msgspec.json.encode(summarize(obj.spec.template, metadata.uid))
    return Revision(
        name=status.update_revision or str(counted),
        number=counted,
        template_hash=status.update_revision,
        created_at=max(written, seconds(metadata.creation_timestamp)),
        reused=False,
        template=template,
    )


def view_replica_set(obj: ReplicaSet) -> Revision | None:
    """Boil a ReplicaSet down to the revision of the Deployment it belongs to; None when it belongs to none."""
    metadata = obj.metadata
    owner = controller_of(metadata)
    if owner is None or owner.kind != "Deployment":
        return None
    return Revision(
        name=metadata.name,
        number=_number(metadata.annotations.get(REVISION_ANNOTATION)),
        template_hash=metadata.labels.get(POD_HASH_LABEL, ""),
        created_at=seconds(metadata.creation_timestamp),
        reused=REVISION_HISTORY_ANNOTATION in metadata.annotations,
        template=msgspec.json.encode(summarize(obj.spec.template, owner.uid)),
    )


def last_write(metadata: WorkloadMeta, field: bytes) -> Write:
    """Return who last wrote a field of the spec, by the managed fields."""
    writers = [entry for entry in metadata.managed_fields if _wrote(entry, field)]
    if not writers:
        return Write()
    last = max(writers, key=lambda entry: seconds(entry.time))
    return Write(last.manager, seconds(last.time))


def _wrote(entry: ManagedFields, field: bytes) -> bool:
    return entry.subresource != "status" and field in bytes(entry.fields_v1)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
