"""What of a workload shows a rollout or a scaling: in common for Deployments, StatefulSets and DaemonSets."""

import msgspec

from noctuary.kube.objects import ManagedFields, ObjectMeta, WorkloadMeta, WorkloadObject, seconds
from noctuary.models.context_event import ObjectRef
from noctuary.sources.kubernetes.identity import template_service
from noctuary.sources.kubernetes.rollouts.template import TemplateSummary, summarize

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
"""On a Deployment the number of the revision that it wants, on a ReplicaSet its own number."""
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


class OwnedRevision(msgspec.Struct, frozen=True):
    """A revision that is an object of its own, and the uid of the workload it belongs to."""

    uid: str
    owner_uid: str
    revision: Revision


class WorkloadView(msgspec.Struct, frozen=True):
    """A workload as it is now. `revision` is None while its controller has not caught up with its spec.

    `replicas` is what its author asked for (None: a DaemonSet's author cannot). Where `has_replica_sets`, only the
    revision's number is known here; the ReplicaSet of that number holds the rest.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    service_name: str
    labels: dict[str, str]
    generation: int
    replicas: int | None
    revision_number: int
    revision: Revision | None
    has_replica_sets: bool
    template_write: Write
    replicas_write: Write

    @property
    def ref(self) -> ObjectRef:
        """Return the reference that events about this workload carry."""
        return ObjectRef(self.kind, self.namespace, self.name, self.uid, self.kind, self.name, labels=self.labels)


def view_workload(obj: WorkloadObject, revision: Revision | None, *, has_replica_sets: bool = False) -> WorkloadView:
    """Return a workload with its revision, reduced to what is compared."""
    metadata, template = obj.metadata, obj.spec.template.metadata
    return WorkloadView(
        kind=type(obj).__name__,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        service_name=template_service(template, metadata),
        labels=template.labels,
        generation=metadata.generation,
        replicas=obj.spec.replicas,
        revision_number=count_in(metadata, REVISION_ANNOTATION),
        revision=revision,
        has_replica_sets=has_replica_sets,
        template_write=last_write(metadata, _TEMPLATE_FIELD),
        replicas_write=last_write(metadata, _REPLICAS_FIELD),
    )


def own_revision(obj: WorkloadObject, number: int = 0) -> Revision | None:
    """Return the revision that a workload names itself; None while its controller has not caught up with its spec."""
    metadata, status = obj.metadata, obj.status
    if status.observed_generation < metadata.generation:
        return None
    written = last_write(metadata, _TEMPLATE_FIELD).at
    return Revision(
        name=status.update_revision or str(number),
        number=number,
        template_hash=status.update_revision,
        created_at=max(written, seconds(metadata.creation_timestamp)),
        reused=False,
        template=msgspec.json.encode(summarize(obj.spec.template, metadata.uid)),
    )


def count_in(metadata: ObjectMeta, annotation: str) -> int:
    """Return the number that an annotation holds, else 0."""
    text = metadata.annotations.get(annotation, "")
    return int(text) if text.isdecimal() else 0


def last_write(metadata: WorkloadMeta, field: bytes) -> Write:
    """Return who last wrote a field of the spec, by the managed fields."""
    writers = [entry for entry in metadata.managed_fields if _wrote(entry, field)]
    if not writers:
        return Write()
    last = max(writers, key=lambda entry: seconds(entry.time))
    return Write(last.manager, seconds(last.time))


def _wrote(entry: ManagedFields, field: bytes) -> bool:
    return entry.subresource != "status" and field in bytes(entry.fields_v1)
