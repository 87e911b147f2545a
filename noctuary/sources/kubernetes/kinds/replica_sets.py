"""ReplicaSets: the revisions of Deployments."""

import msgspec

from noctuary.kube.objects import KubeObject, WorkloadSpec, controller_of, seconds
from noctuary.kube.reflector import ChangeType
from noctuary.sources.kubernetes.identity import POD_HASH_LABEL
from noctuary.sources.kubernetes.rollouts.template import summarize
from noctuary.sources.kubernetes.rollouts.workloads import REVISION_ANNOTATION, OwnedRevision, Revision, count_in
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind

REVISION_HISTORY_ANNOTATION = "deployment.kubernetes.io/revision-history"
"""Present on a ReplicaSet that was rolled back to: its age says nothing about the rollout then."""


class ReplicaSet(KubeObject):
    """apps/v1 ReplicaSet."""

    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)


class ReplicaSetSink:
    """Feeds the revisions of Deployments to the tracker."""

    def __init__(self, context: SinkContext) -> None:
        self._tracker = context.tracker

    def on_list(self, objects: list[ReplicaSet]) -> None:
        """Handle the complete list."""
        revisions = (owned for obj in objects if (owned := view_replica_set(obj)) is not None)
        self._tracker.reset_revisions(ReplicaSet.__name__, revisions)

    def on_event(self, change: ChangeType, obj: ReplicaSet) -> None:
        """Handle one change."""
        if change == "DELETED":
            self._tracker.remove_revision(obj.metadata.uid)
        elif (owned := view_replica_set(obj)) is not None:
            self._tracker.update_revision(owned)


REPLICA_SETS = WatchedKind(
    api=APPS, resource="replicasets", kind=ReplicaSet, make_sink=ReplicaSetSink, feeds_rollouts=True
)


def view_replica_set(obj: ReplicaSet) -> OwnedRevision | None:
    """Return the revision that a ReplicaSet is; None when it belongs to no Deployment."""
    metadata = obj.metadata
    owner = controller_of(metadata)
    if owner is None or owner.kind != "Deployment":
        return None
    revision = Revision(
        name=metadata.name,
        number=count_in(metadata, REVISION_ANNOTATION),
        template_hash=metadata.labels.get(POD_HASH_LABEL, ""),
        created_at=seconds(metadata.creation_timestamp),
        reused=REVISION_HISTORY_ANNOTATION in metadata.annotations,
        template=msgspec.json.encode(summarize(obj.spec.template, owner.uid)),
    )
    return OwnedRevision(metadata.uid, owner.uid, revision)
