"""The way back from a rollout: only to a revision that exists now, and none where somebody went it already."""

import re

from noctuary.analyzers.base import Advice, kubectl
from noctuary.common.clock import format_moment
from noctuary.common.text import duration, shorten
from noctuary.common.words import plain_image, plain_phrase, plain_value
from noctuary.models import details
from noctuary.models.diagnosis import WORKLOAD_KINDS, Change, Fault
from noctuary.models.evidence import Standing
from noctuary.models.revisions import StoredRevision, WorkloadRevisions
from noctuary.notes.values import is_same_image, previous_version, rollouts_of_row, shown_name, version

MAX_PODS_DELETED = 10
"""A StatefulSet replaces its pods one by one: more broken ones than this are not deleted by one line."""


def undone_already(change: Change, standing: Standing | None, near: float, *, with_actor: bool = True) -> str:
    """Return `already rolled back to 3.10 at 01:29:25 by kubectl`, or nothing while the change still holds."""
    undoing = _undoing_of(change, standing)
    if not change.is_rollout:
        return _set_back_already(undoing, near, with_actor=with_actor) if undoing is not None else ""
    held = _revisions(change, standing)
    if held is not None and not _was_left(change, held):
        return ""
    if undoing is not None:
        by = _by(undoing) if with_actor else ""
        to = version(undoing, 40) or "the version before"
        return f"already rolled back to {to} at {format_moment(undoing.at, near)}{by}"
    if held is None:
        return ""
    current = next((each for each in held.revisions if each.number == held.current), None)
    if current is not None and current == _target(change, held):
        return f"already rolled back to {previous_version(change, 40) or 'the version before'}"
    return f"already replaced by revision {held.current}"


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
    return f" by {shorten(actor, 24)}" if actor else ""


def _was_left(change: Change, held: WorkloadRevisions) -> bool:
    """Tell whether the workload wants another template by now than the one that was rolled out."""
    current = next((each for each in held.revisions if each.number == held.current), None)
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    if current is None:
        return False
    blamed = {template_hash, *rollouts_of_row(change)}
    return current.template_hash not in blamed if template_hash else current == _target(change, held)


def roll_back(change: Change, faults: list[Fault], standing: Standing | None, near: float) -> Advice:
    """Return the command that leads to the version before, or what to look up where its number is not known."""
    if change.subject.kind not in WORKLOAD_KINDS:
        return _roll_back_foreign(change)
    if not _has_previous(change):
        look = kubectl(change.subject, "describe", kind=change.subject.kind)
        return Advice(command=look, remark="this was its first rollout: there is none to go back to")
    held = _revisions(change, standing)
    to = _target_words(change)
    if details.RETURN in change.details:
        return Advice(f"this was a return from {to}: compare both versions before you change it again")
    if held is None:
        history = kubectl(change.subject, "rollout", "history", kind=change.subject.kind)
        return Advice(
            f"roll back to {to}, by its revision number:", history, f"find the number of {to}, and undo to it"
        )
    target = _target(change, held)
    if target is None:
        return Advice(f"roll back to {to}; its revision is no longer kept")
    undo = kubectl(change.subject, "rollout", "undo", kind=change.subject.kind)
    if not undo:
        return Advice(f"roll back to {to}")
    broken = _broken_pods(change, faults, standing)
    deleted = _delete(change, broken) if broken else ()
    why = "" if broken == [] else ", and delete its broken pods, or they are never replaced"
    remark = f"back to {to}{_how_long(change, near)}{why}"
    return Advice(command=f"{undo} --to-revision={target.number:d}", remark=remark, more=deleted)


def _revisions(change: Change, standing: Standing | None) -> WorkloadRevisions | None:
    read = standing.revisions if standing is not None else None
    return next((each for each in read or [] if each.subject == change.subject), None)


def _has_previous(change: Change) -> bool:
    return bool(
        change.details.get(details.PREVIOUS_TEMPLATE_HASH)
        or change.details.get(details.PREVIOUS_IMAGE)
        or change.old_value
    )


def _target(change: Change, held: WorkloadRevisions) -> StoredRevision | None:
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


def _target_words(change: Change) -> str:
    if not is_same_image(change):
        return previous_version(change, 63) or "the version before"
    return f"the template before, with the same image {previous_version(change, 40)}"


def _how_long(change: Change, near: float) -> str:
    try:
        since = float(change.details.get(details.PREVIOUS_ROLLED_OUT_AT, ""))
    except ValueError:
        return ""
    if not 0 < since < change.at:
        return ""
    return f", which ran for {duration(change.at - since)} until {format_moment(change.at, near)}"


def _broken_pods(change: Change, faults: list[Fault], standing: Standing | None) -> list[str] | None:
    """Return the pods that a StatefulSet waits for before it replaces any; None: some fail, and which is not known.

    What failed at the first look may be well, or new, by now: only a pod that was seen not to be ready is broken.
    """
    if change.subject.kind != "StatefulSet":
        return []
    own = re.compile(re.escape(change.subject.name) + r"-[0-9]{1,6}")
    told = {pod for fault in faults if not fault.is_over for pod in fault.shown_pods if own.fullmatch(pod)}
    if standing is None or standing.broken_pods is None:
        return None if told else []
    return sorted(told & {pod.name for pod in standing.broken_pods if pod.namespace == change.subject.namespace})


def _delete(change: Change, pods: list[str]) -> tuple[str, ...]:
    if len(pods) > MAX_PODS_DELETED:
        return ()
    names = " ".join(f"pod/{pod}" for pod in pods)
    return (f"kubectl -n {change.subject.namespace} delete {names}",)


def _roll_back_foreign(change: Change) -> Advice:
    """Kinds that `kubectl rollout` does not know have their own way back."""
    kind, name = (
        (plain_phrase(change.subject.kind) or "workload").partition(" ")[0],
        plain_phrase(shown_name(change, 63)) or "it",
    )
    way = " with kubectl argo rollouts undo" if kind == "Rollout" else ", by the means of its kind"
    target = previous_version(change, 63) if plain_image(change.details.get(details.PREVIOUS_IMAGE)) else ""
    return Advice(f"roll {kind} {name} back to {target or 'the version before'}{way}")
