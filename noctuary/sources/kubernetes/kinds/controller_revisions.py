"""ControllerRevisions: the revisions of StatefulSets and DaemonSets, and of others that keep theirs so."""

import msgspec

from noctuary.kube.objects import KubeObject, PodTemplate, Struct, WorkloadMeta, controller_of, seconds
from noctuary.kube.odd import ODD, each_understood
from noctuary.kube.reflector import ChangeType
from noctuary.sources.kubernetes.identity import REVISION_HASH_LABEL
from noctuary.sources.kubernetes.rollouts.foreign import foreign_owner, is_read
from noctuary.sources.kubernetes.rollouts.revisions import Revision
from noctuary.sources.kubernetes.rollouts.template import TemplateSummary, summarize
from noctuary.sources.kubernetes.rollouts.workloads import OwnedRevision
from noctuary.sources.kubernetes.rollouts.writes import REVISION_FIELD, last_write
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind


class RevisionSpec(Struct):
    """The part of a workload's spec that a revision keeps."""

    template: PodTemplate = msgspec.field(default_factory=PodTemplate)


class RevisionData(Struct):
    """What a revision keeps of a workload."""

    spec: RevisionSpec = msgspec.field(default_factory=RevisionSpec)


class ControllerRevision(KubeObject):
    """apps/v1 ControllerRevision; its data stay raw because any controller may keep anything there."""

    metadata: WorkloadMeta
    revision: int = 0
    data: msgspec.Raw = msgspec.Raw(b"{}")


class ControllerRevisionSink:
    """Feeds the revisions of workloads to the tracker."""

    def __init__(self, context: SinkContext) -> None:
        self._tracker = context.tracker

    def on_list(self, objects: list[ControllerRevision]) -> None:
        """Handle the complete list."""
        views = each_understood(objects, view_controller_revision)
        self._tracker.reset_revisions(ControllerRevision.__name__, (owned for owned in views if owned is not None))

    def on_event(self, change: ChangeType, obj: ControllerRevision) -> None:
        """Handle one change."""
        if change == "DELETED":
            self._tracker.remove_revision((obj.metadata.namespace, obj.metadata.uid))
        elif (owned := view_controller_revision(obj)) is not None:
            self._tracker.update_revision(ControllerRevision.__name__, owned)


CONTROLLER_REVISIONS = WatchedKind(
    api=APPS,
    resource="controllerrevisions",
    kind=ControllerRevision,
    make_sink=ControllerRevisionSink,
    feeds_rollouts=True,
)


def view_controller_revision(obj: ControllerRevision) -> OwnedRevision | None:
    """Return the revision that this object is; None when nobody owns it, or when it holds no pod template."""
    metadata = obj.metadata
    owner = controller_of(metadata)
    template = _template(obj)
    if owner is None or template is None:
        return None
    summary = _summary(template, owner.uid)
    if not summary.containers:
        return None
    revision = Revision(
        name=metadata.name,
        number=obj.revision,
        # The pods of a DaemonSet carry the hash, those of a StatefulSet the name.
        template_hash=metadata.labels.get(REVISION_HASH_LABEL) or metadata.name,
        created_at=seconds(metadata.creation_timestamp),
        reused=False,
        template=msgspec.json.encode(summary),
        numbered_at=last_write(metadata, REVISION_FIELD).at,
    )
    shown = None if is_read(owner) else foreign_owner(owner, metadata.namespace, template.metadata)
    return OwnedRevision(metadata.uid, owner.uid, revision, shown, metadata.namespace)


def _template(obj: ControllerRevision) -> PodTemplate | None:
    try:
        return msgspec.json.decode(obj.data, type=RevisionData).spec.template
    except (msgspec.DecodeError, RecursionError):
        return None


def _summary(template: PodTemplate, salt: str) -> TemplateSummary:
    try:
        return summarize(template, salt)
    except ODD:  # what is no pod template, but is called so
        return TemplateSummary()
