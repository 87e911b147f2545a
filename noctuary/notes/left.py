"""What became of a blamed change by now: it still holds, it was taken back, or something else took its place."""

from noctuary.common.clock import format_moment
from noctuary.common.text import shorten
from noctuary.common.words import plain_phrase, plain_value
from noctuary.correlation.scalings import is_down, is_up, replicas_before
from noctuary.correlation.taken_back import is_gone
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, Change, Subject
from noctuary.models.evidence import Standing
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from noctuary.notes.values import (
    is_same_image,
    led_to,
    new_image,
    previous_version,
    rollouts_of_row,
    short_image,
    version,
)

DELETED = "already deleted"


def undone_already(change: Change, standing: Standing | None, near: float, *, with_actor: bool = True) -> str:
    """Return `already rolled back to 3.10 at 01:29:25 by kubectl`, or nothing while nobody went back."""
    undoing = _undoing_of(change, standing)
    replicas = replicas_of(change, standing)
    if replicas is not None:
        undoing = undoing if str(replicas) == change.old_value else None
        if undoing is None and str(replicas) == change.old_value:
            return f"already set back to {replicas:d}"
    if not change.is_rollout:
        return _set_back_already(undoing, near, with_actor=with_actor) if undoing is not None else ""
    held = revisions_of(change, standing)
    if held is not None and _holds(change, held):
        return ""
    if undoing is not None:
        by, to = _by(undoing) if with_actor else "", called_before(change, led_to(undoing, 40))
        return f"already rolled back to {to} at {format_moment(undoing.at, near)}{by}"
    current = _current(held)
    if held is None or current is None:
        return ""
    if _is_back(change, current, target_of(change, held)):
        return f"already rolled back to {called_before(change, previous_version(change, 40))}"
    if 0 < current.created_at < change.at:
        return f"already rolled back to {_called(change, current)}"
    return ""


def replaced_already(cause: Cause, standing: Standing | None, near: float, *, with_time: bool = True) -> str:
    """Return `already replaced by 3.12 at 14:01:00` where a workload went on to another version, and not back.

    Of one that was scaled, or whose failing pods were taken away, to how many; of one that is gone that it was deleted.
    """
    change = cause.change
    held = revisions_of(change, standing) if change is not None else None
    if change is not None and held is not None and held.is_gone and not is_gone(change):
        return DELETED
    if change is not None and not change.is_rollout:
        replicas = replicas_of(change, standing)
        is_other = replicas is not None and str(replicas) not in (change.old_value, change.new_value)
        return f"already scaled to {replicas:d}" if is_other else ""
    if held is not None and held.replicas == 0 and any(fault.pods for fault in cause.faults):
        return "already scaled to 0"
    current = _current(held)
    if change is None or held is None or current is None:
        return ""
    if _holds(change, held) or undone_already(change, standing, near):
        return ""
    at = f" at {format_moment(current.created_at, near)}" if with_time and current.created_at else ""
    return f"already replaced by {_called(change, current)}{at}"


def is_made_good(change: Change, standing: Standing | None) -> bool:
    """Tell whether a workload was scaled past what it had before: a way back would take from it, or add, once more."""
    replicas = replicas_of(change, standing)
    if replicas is None:
        return False
    before = replicas_before(change)
    return (is_down(change) and replicas >= before) or (is_up(change) and replicas <= before)


def replicas_of(change: Change, standing: Standing | None) -> int | None:
    """Return how many pods a scaled workload is to have now; None: not known, or the change was no scaling."""
    if change.event_type != EventType.SCALE_EVENT or change.is_posted or is_gone(change):
        return None
    held = revisions_of(change, standing)
    return held.replicas if held is not None else None


def built_upon(change: Change, standing: Standing | None) -> StoredRevision | None:
    """Return the revision that runs by now, where it is another one that changed more than to start pods anew."""
    held = revisions_of(change, standing)
    current = _current(held)
    if held is None or current is None or not change.details.get(details.TEMPLATE_HASH):
        return None
    if current.template_hash in rollouts_of_row(change):  # the way back from a row is told by its first rollout
        return None
    return None if _is_alike(current, _blamed(change, held)) else current


def kept_by(change: Change, held: WorkloadRevisions) -> str:
    """Return `Revision 3 still runs 3.11` where a later revision kept what was rolled out, else nothing."""
    current = _current(held)
    if current is None or not _still_runs(change, held) or _is_its_own(change, current):
        return ""
    what = "the same" if is_same_image(change) else version(change, 40) or "the same"
    return f"Revision {current.number:d} still runs {what}"


def revisions_of(change: Change, standing: Standing | None) -> WorkloadRevisions | None:
    """Return the revisions that the workload of a change has now; None: not read."""
    return workload_of(change.subject, standing)


def workload_of(subject: Subject, standing: Standing | None) -> WorkloadRevisions | None:
    """Return a workload as it is now; None: not read."""
    read = standing.revisions if standing is not None else None
    return next((each for each in read or [] if each.subject == subject), None)


def target_of(change: Change, held: WorkloadRevisions) -> StoredRevision | None:
    """Return the revision that holds the template before: by its hash, or by number and image where none was told."""
    template_hash = change.details.get(details.PREVIOUS_TEMPLATE_HASH, "")
    image, number = (change.details.get(name, "") for name in (details.PREVIOUS_IMAGE, details.PREVIOUS_REVISION))
    same = [
        each
        for each in held.revisions
        if (
            each.template_hash == template_hash if template_hash else image == each.image and number == str(each.number)
        )
    ]
    return max((each for each in same if each.number > 0), key=lambda each: each.number, default=None)


def called_before(change: Change, name: str) -> str:
    """Return what ran before; where the image was the same its version tells nothing."""
    return "the template before" if is_same_image(change) else name or "the version before"


def _undoing_of(change: Change, standing: Standing | None) -> Change | None:
    """Return what took a change back; what was seen of the first cause only may be of this one."""
    if standing is None:
        return None
    if standing.undoings:
        return standing.undoings.get(change.event_id)
    first = standing.rollback if change.is_rollout else standing.undone
    is_same = first is not None and (first.subject, first.entity) == (change.subject, change.entity)
    return first if is_same else None


def _set_back_already(undoing: Change, near: float, *, with_actor: bool) -> str:
    by = _by(undoing) if with_actor else ""
    if undoing.is_rollout:  # of what was deleted
        return f"already made anew at {format_moment(undoing.at, near)}{by}"
    to = plain_value(undoing.new_value)
    return f"already set back{f' to {to}' if to else ''} at {format_moment(undoing.at, near)}{by}"


def _by(change: Change) -> str:
    actor = plain_phrase(change.actor)
    return f" by {actor if ' ' in actor else shorten(actor, 24)}" if actor else ""


def _holds(change: Change, held: WorkloadRevisions) -> bool:
    """Tell whether a workload has not left what was rolled out, nor what was to mend it and fails as well."""
    current = _current(held)
    return _still_runs(change, held) or (current is not None and current.template_hash in rollouts_of_row(change))


def _still_runs(change: Change, held: WorkloadRevisions) -> bool:
    """Tell whether the workload wants what was rolled out: a restart or another setting on top leaves nothing."""
    current, target = _current(held), target_of(change, held)
    if current is None or _is_its_own(change, current):
        return True
    if _is_back(change, current, target):
        return False
    if not change.details.get(details.TEMPLATE_HASH):
        return True
    is_kept = not is_same_image(change) and current.image == new_image(change) != ""
    return is_kept or _is_alike(current, _blamed(change, held))


def _is_its_own(change: Change, revision: StoredRevision) -> bool:
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    return template_hash != "" and revision.template_hash == template_hash


def _is_back(change: Change, current: StoredRevision, target: StoredRevision | None) -> bool:
    """Tell whether what runs now is what ran before: that revision, or a new one that is as it was."""
    if current == target:
        return True
    if is_same_image(change):
        return target is not None and current.content != "" and current.content == target.content
    return current.image != "" and current.image == change.details.get(details.PREVIOUS_IMAGE)


def _is_alike(current: StoredRevision, blamed: StoredRevision | None) -> bool:
    return blamed is not None and (current == blamed or current.content == blamed.content != "")


def _blamed(change: Change, held: WorkloadRevisions) -> StoredRevision | None:
    return next((each for each in held.revisions if _is_its_own(change, each)), None)


def _current(held: WorkloadRevisions | None) -> StoredRevision | None:
    return next((each for each in held.revisions if each.number == held.current), None) if held is not None else None


def hash_of_current(held: WorkloadRevisions) -> str:
    """Return what recognises the template that a workload wants now; empty while it is not known."""
    current = _current(held)
    return current.template_hash if current is not None else ""


def _called(change: Change, revision: StoredRevision) -> str:
    """Return the version that a revision runs, else its number."""
    image = new_image(change)
    is_other = revision.image != "" and revision.image != image
    return (short_image(change, revision.image, image, 40) if is_other else "") or f"revision {revision.number:d}"
