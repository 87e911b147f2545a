"""Rollouts and scalings: what differs between a workload as it is and as it was last known, as events."""

from collections.abc import Iterable, Iterator

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.rollouts.template import TemplateSummary, describe_change
from noctuary.sources.kubernetes.rollouts.workloads import Revision, WorkloadView


class WorkloadState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of a workload between two comparisons, and stored between two runs."""

    revision: Revision
    rolled_out_at: float
    replicas: int | None = None


class Difference(msgspec.Struct, frozen=True):
    """What happened since a workload was last compared, and what to remember now."""

    events: list[ContextEvent]
    state: WorkloadState


def current_revision(view: WorkloadView, revisions: Iterable[Revision]) -> Revision | None:
    """Return the revision that a workload wants now; None while its controller or our watch has not caught up."""
    if not view.has_replica_sets:
        return view.revision
    return next((r for r in revisions if r.number == view.revision_number and r.number > 0), None)


def baseline(view: WorkloadView, revisions: Iterable[Revision]) -> WorkloadState | None:
    """Return what to remember of a workload that is seen at the very first start: nothing has happened yet."""
    current = current_revision(view, revisions)
    if current is None:
        return None
    return WorkloadState(current, rolled_out_at(view, current, current.created_at), view.replicas)


def difference(
    view: WorkloadView, revisions: Iterable[Revision], known: WorkloadState | None, now: float
) -> Difference | None:
    """Compare a workload with what is known of it; None while it is not clear yet what it wants.

    A workload that nothing is known of is new. Several rollouts since then are several events.
    """
    revisions = list(revisions)
    current = current_revision(view, revisions)
    if current is None:
        return None
    events: list[ContextEvent] = []
    before, before_at = (known.revision, known.rolled_out_at) if known else (None, 0.0)
    for revision in _since(before, current, revisions):
        at = rolled_out_at(view, revision, now) if revision is current else revision.created_at
        events.append(rollout(view, revision, before, at, before_at))
        before, before_at = revision, at
    if known is not None and known.replicas != view.replicas:
        events.append(scaling(view, known, now))
    return Difference(events, WorkloadState(current, before_at, view.replicas))


def _since(known: Revision | None, current: Revision, revisions: list[Revision]) -> Iterator[Revision]:
    """Yield the revisions after the known one, oldest first; the current one last."""
    last = known
    after = known.number if known else 0
    for revision in sorted(revisions, key=lambda r: r.number):
        passed = after < revision.number < current.number
        if passed and (last is None or revision.template_hash != last.template_hash):
            last = revision
            yield revision
    if last is None or _identity(last) != _identity(current):
        yield current


def _identity(revision: Revision) -> tuple[str, int] | str:
    """Return what tells templates apart: the hash of their controller; a DaemonSet only counts them."""
    return revision.template_hash or (revision.name, revision.number)


def rolled_out_at(view: WorkloadView, current: Revision, now: float) -> float:
    """Return when a revision was rolled out; `now` where nothing shows when a rollback was decided."""
    if current.reused:  # a rollback: the ReplicaSet is old, the decision is not
        written = view.template_write.at
        return written if written > current.created_at else now
    return current.created_at


def rollout(view: WorkloadView, new: Revision, old: Revision | None, at: float, old_at: float = 0.0) -> ContextEvent:
    """Make the event of one rollout; `old` None: the workload is new."""
    new_template = new.summary()
    old_template = old.summary() if old else None
    is_last = new.number == view.revision_number or not view.has_replica_sets
    return draft(
        view.ref,
        view.service_name,
        EventType.DEPLOY,
        # A StatefulSet that is rolled back takes the name of the old revision again.
        key=f"rollout/{new.number}" if view.has_replica_sets else f"rollout/{new.name}/{view.generation}",
        at=at,
        old_value=_image_shown(old_template, new_template) if old_template else None,
        new_value=_image_shown(new_template, old_template),
        confidence=0.95,
        actor=view.template_write.manager if is_last else None,
        extra=_rollout_extra(new, old, new_template, old_template, old_at),
    )


def _rollout_extra(
    new: Revision, old: Revision | None, template: TemplateSummary, old_template: TemplateSummary | None, old_at: float
) -> dict[str, str]:
    extra = {
        details.IMAGE: _image_shown(template, old_template),
        details.REVISION: _revision_shown(new),
        details.TEMPLATE_HASH: new.template_hash,
    }
    if old is not None and old_template is not None:
        extra[details.PREVIOUS_IMAGE] = _image_shown(old_template, template)
        extra[details.PREVIOUS_REVISION] = _revision_shown(old)
        extra[details.CHANGED] = describe_change(old_template, template)
        extra[details.PREVIOUS_ROLLED_OUT_AT] = f"{old_at or old.created_at:.0f}"
    return extra


def _revision_shown(revision: Revision) -> str:
    return str(revision.number) if revision.number else revision.name


def _image_shown(template: TemplateSummary, other: TemplateSummary | None) -> str:
    """Return the image that differs, else that of the first container."""
    if other is not None:
        for name, container in template.containers.items():
            if name in other.containers and other.containers[name].image != container.image:
                return container.image
    return template.image()


def scaling(view: WorkloadView, known: WorkloadState, now: float) -> ContextEvent:
    """Make the event of a changed number of replicas."""
    written = view.replicas_write.at
    return draft(
        view.ref,
        view.service_name,
        EventType.SCALE_EVENT,
        key=f"scale/{view.generation}",
        at=written if written > known.rolled_out_at else now,
        old_value=str(known.replicas),
        new_value=str(view.replicas),
        actor=view.replicas_write.manager,
    )
