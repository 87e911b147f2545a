"""ReplicaSets: the revisions of Deployments, and of what else makes ReplicaSets."""

import msgspec

from noctuary.kube.objects import KubeObject, WorkloadMeta, WorkloadSpec, controller_of, seconds
from noctuary.kube.odd import each_understood
from noctuary.kube.reflector import ChangeType
from noctuary.sources.kubernetes.identity import POD_HASH_LABEL, ROLLOUT_HASH_LABEL
from noctuary.sources.kubernetes.rollouts.foreign import foreign_owner, is_read
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.summaries import Summaries, Summary, encoded_summary
from noctuary.sources.kubernetes.rollouts.workloads import REVISION_ANNOTATION, OwnedRevision, count_in, number_in
from noctuary.sources.kubernetes.rollouts.writes import REVISION_ANNOTATION_FIELD, last_write
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind

FOREIGN_REVISION_ANNOTATION = "rollout.argoproj.io/revision"
"""As Argo Rollouts numbers its ReplicaSets."""
HISTORY_SUFFIX = "-history"
"""The annotation of this ending holds the numbers that a ReplicaSet had before it was rolled back to."""
MAX_HISTORY = 50
"""So many of its last numbers are read: two that are rolled back to in turn show a hundred rollouts."""


class ReplicaSet(KubeObject):
    """apps/v1 ReplicaSet."""

    metadata: WorkloadMeta
    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)


class ReplicaSetSink:
    """Feeds the revisions of workloads to the tracker."""

    def __init__(self, context: SinkContext) -> None:
        self._tracker = context.tracker
        self._summaries = Summaries()

    def on_list(self, objects: list[ReplicaSet]) -> None:
        """Handle the complete list."""
        self._summaries.clear()
        views = each_understood(objects, lambda obj: view_replica_set(obj, self._summaries.of))
        self._tracker.reset_revisions(ReplicaSet.__name__, (owned for owned in views if owned is not None))

    def on_event(self, change: ChangeType, obj: ReplicaSet) -> None:
        """Handle one change."""
        if change == "DELETED":
            self._summaries.forget(obj.metadata.uid)
            self._tracker.remove_revision((obj.metadata.namespace, obj.metadata.uid))
        elif (owned := view_replica_set(obj, self._summaries.of)) is not None:
            self._tracker.update_revision(ReplicaSet.__name__, owned)


REPLICA_SETS = WatchedKind(
    api=APPS, resource="replicasets", kind=ReplicaSet, make_sink=ReplicaSetSink, feeds_rollouts=True
)


def view_replica_set(obj: ReplicaSet, summary: Summary = encoded_summary) -> OwnedRevision | None:
    """Return the revision that a ReplicaSet is; None when nobody owns it."""
    metadata = obj.metadata
    owner = controller_of(metadata)
    if owner is None:
        return None
    annotation = REVISION_ANNOTATION if is_read(owner) else FOREIGN_REVISION_ANNOTATION
    past = metadata.annotations.get(annotation + HISTORY_SUFFIX, "")
    revision = Revision(
        name=metadata.name,
        number=count_in(metadata, annotation),
        template_hash=metadata.labels.get(POD_HASH_LABEL) or metadata.labels.get(ROLLOUT_HASH_LABEL, ""),
        created_at=seconds(metadata.creation_timestamp),
        reused=bool(past),
        template=summary(metadata, obj.spec.template, owner.uid),
        history=[number for text in past.split(",")[-MAX_HISTORY:] if (number := number_in(text))],
        numbered_at=last_write(metadata, REVISION_ANNOTATION_FIELD).at,
    )
    shown = None if is_read(owner) else foreign_owner(owner, metadata.namespace, obj.spec.template.metadata)
    return OwnedRevision(metadata.uid, owner.uid, revision, shown, metadata.namespace)
