"""What of a workload shows a rollout or a scaling: in common for all kinds."""

import re
from collections.abc import Iterable

import msgspec

from noctuary.kube.objects import ObjectMeta, WorkloadObject, seconds
from noctuary.models.context_event import ObjectRef
from noctuary.sources.kubernetes.identity import kept_labels, template_service
from noctuary.sources.kubernetes.rollouts.ownership import Tool, owner_of
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.staging import Reach, deleted_of, reach_of
from noctuary.sources.kubernetes.rollouts.writes import (
    PARTITION_FIELD,
    REPLICAS_FIELD,
    TEMPLATE_FIELD,
    Write,
    last_write,
    writes_of,
)

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
"""On a Deployment the number of the revision that it wants, on a ReplicaSet its own number."""
PROGRESS = "Progressing"
"""The condition of a Deployment that is updated while a rollout goes on, and not by scalings."""

_NUMBER = re.compile(r"[0-9]{1,18}")
"""What fits into the 64 bits that the API server itself counts in."""

Key = tuple[str, str]
"""Namespace and uid: what an object says of the uids of others counts in its own namespace only."""


class Wanted(msgspec.Struct, frozen=True):
    """What tells which revision a workload wants; the newest one where nothing does.

    A Deployment names a number, a StatefulSet a name; a DaemonSet names none, so the template is compared.
    """

    number: int | None = None
    name: str = ""
    template: bytes = b""
    is_settled: bool = True
    """Whether its controller has caught up with its spec."""

    def find(self, revisions: Iterable[Revision]) -> Revision | None:
        """Return the revision; None while the controller or our watch has not caught up."""
        if not self.is_settled:
            return None
        if self.number is not None:
            return next((each for each in revisions if each.number == self.number > 0), None)
        newest = max(revisions, key=lambda each: each.order, default=None)
        is_known = newest is not None and self.name in ("", newest.name)
        return newest if is_known and (not self.template or newest.template == self.template) else None  # type: ignore[union-attr]  # known


class WorkloadView(msgspec.Struct, frozen=True):
    """A workload as it is now; `replicas` is what its author asked for (None: not known, or nobody asks)."""

    kind: str
    namespace: str
    name: str
    uid: str
    service_name: str
    labels: dict[str, str]
    wanted: Wanted
    generation: int = 0
    replicas: int | None = None
    template_writes: list[Write] = []
    replicas_write: Write = Write()
    partition_write: Write = Write()
    progressed_at: float = 0.0
    reach: Reach | None = None
    deleted: Reach | None = None
    """How many pods run what is wanted, where they are replaced only when somebody deletes them."""
    tool: Tool = Tool()
    is_foreign: bool = False
    """Whether it is of a kind that is not read: all that is known of it is what it owns."""
    is_all_ready: bool = False
    """Whether it has just the pods that its author asked for, all of the wanted template, and all are ready."""
    runs_no_other: bool = False
    """Whether no pod of another template than the wanted one is left."""
    is_paused: bool = False

    @property
    def key(self) -> Key:
        """Return by what it is kept."""
        return self.namespace, self.uid

    @property
    def place(self) -> tuple[str, str, str]:
        """Return what stays the same when it is deleted and made anew."""
        return self.kind, self.namespace, self.name

    @property
    def ref(self) -> ObjectRef:
        """Return the reference that events about this workload carry."""
        return ObjectRef(self.kind, self.namespace, self.name, self.uid, self.kind, self.name, labels=self.labels)


class OwnedRevision(msgspec.Struct, frozen=True):
    """A revision, the uid of the object that holds it, that of the workload it belongs to, and where both are.

    `owner` is what such an object shows of a workload whose kind is not read.
    """

    uid: str
    owner_uid: str
    revision: Revision
    owner: WorkloadView | None = None
    namespace: str = ""

    @property
    def key(self) -> Key:
        """Return by what it is kept."""
        return self.namespace, self.uid

    @property
    def owner_key(self) -> Key:
        """Return by what its workload is kept, which is in the same namespace or not at all."""
        return self.namespace, self.owner_uid


def view_workload(obj: WorkloadObject, wanted: Wanted) -> WorkloadView:
    """Return a workload, reduced to what is compared."""
    metadata, template, status = obj.metadata, obj.spec.template.metadata, obj.status
    kind = type(obj).__name__
    progress = (seconds(each.last_update_time) for each in status.conditions if each.type == PROGRESS)
    return WorkloadView(
        kind=kind,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        service_name=template_service(template, metadata),
        labels=kept_labels(template.labels),
        wanted=wanted,
        generation=metadata.generation,
        replicas=obj.spec.replicas,
        template_writes=writes_of(metadata, TEMPLATE_FIELD),
        replicas_write=last_write(metadata, REPLICAS_FIELD),
        partition_write=last_write(metadata, PARTITION_FIELD) if obj.spec.update_strategy else Write(),
        progressed_at=next(progress, 0.0),
        reach=reach_of(obj),
        deleted=deleted_of(obj),
        tool=owner_of(metadata, kind),
        is_all_ready=_is_all_ready(obj),
        runs_no_other=is_settled(obj) and obj.spec.replicas is not None and status.replicas == status.updated_replicas,
        is_paused=obj.spec.paused,
    )


def _is_all_ready(obj: WorkloadObject) -> bool:
    status = obj.status
    counts = {obj.spec.replicas, status.replicas, status.updated_replicas, status.ready_replicas}
    return is_settled(obj) and len(counts) == 1 and bool(obj.spec.replicas)


def is_settled(obj: WorkloadObject) -> bool:
    """Return whether a workload's controller has caught up with its spec."""
    return obj.status.observed_generation >= obj.metadata.generation


def count_in(metadata: ObjectMeta, annotation: str) -> int:
    """Return the number that an annotation holds, else 0."""
    return number_in(metadata.annotations.get(annotation, ""))


def number_in(text: str) -> int:
    """Return the number that a text is, else 0: an annotation may hold thousands of digits, or digits of any script."""
    return int(text) if _NUMBER.fullmatch(text) else 0
