"""The way back from a rollout: only to a revision that exists now, and none where somebody went it already."""

import re
import shlex

from noctuary.analyzers.base import Advice, kubectl
from noctuary.common.clock import format_moment
from noctuary.common.text import duration
from noctuary.common.words import is_kind, is_label, is_subdomain, plain_image, plain_phrase
from noctuary.correlation.effects.workloads import is_restart
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.rollouts.against import SHORT_LIVED_S
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault
from noctuary.models.evidence import Standing
from noctuary.models.revisions import ARGO_ROLLOUT, REVISED_KINDS, WorkloadRevisions
from noctuary.notes.left import kept_by, revisions_of, target_of
from noctuary.notes.values import is_same_image, previous_version, shown_name

MAX_PODS_DELETED = 10
"""A StatefulSet replaces its pods one by one: more broken ones than this are not deleted by one line."""


def roll_back(
    change: Change, faults: list[Fault], standing: Standing | None, near: float, others: list[Change]
) -> Advice:
    """Return the command that leads to the version before, or what to look up where its number is not known.

    `others` are the changes that tell which version before was left soon as well.
    """
    if change.subject.kind not in REVISED_KINDS:
        return _roll_back_foreign(change)
    if not _has_previous(change):
        look = kubectl(change.subject, "describe", kind=change.subject.kind)
        return Advice(command=look, remark="this was its first rollout: there is none to go back to")
    held = revisions_of(change, standing)
    to = target_words(change)
    if held is None:
        find = f"find the number of {to}, and undo to it"
        return Advice(f"roll back to {to}, by its revision number:", _rollout(change, "history"), find)
    first = _first_of_row(change, others, held)
    target = target_of(first, held)
    if target is None:
        return Advice(f"roll back to {to}; its revision is no longer kept")
    undo = _rollout(change, "undo")
    if not undo:
        return Advice(f"roll back to {to}")
    broken = _broken_pods(change, faults, standing)
    kept = kept_by(change, held)
    back = f"back to {target_words(first)}{_how_long(first, near)}"
    passed = "" if first is change else f"past {previous_version(change, 40)}{_how_long(change, near)}"
    told = ", ".join(filter(None, (back, passed, _deletion(held, broken))))
    remark = f"{told}. {kept}" if kept else told
    if held.is_paused:
        resume, more = _rollout(change, "resume"), (f"{undo} --to-revision={target.number:d}",)
        return Advice("it is paused, so resume it first and undo at once:", resume, remark, more)
    return Advice(command=f"{undo} --to-revision={target.number:d}", remark=remark, more=_delete(change, broken))


def _first_of_row(change: Change, others: list[Change], held: WorkloadRevisions) -> Change:
    """Return the first of several rollouts of which each was left soon: what ran before it is known to run."""
    before = next(
        (each for each in others if each.subject == change.subject and _made_what_was_left(each, change)), None
    )
    if before is None or is_restart(before) or change.at - before.at > SHORT_LIVED_S:
        return change
    made = next((each for each in held.revisions if each.template_hash == before.details[details.TEMPLATE_HASH]), None)
    is_new = made is not None and made.created_at >= before.at - CLOCK_SLACK_S  # a return leads to what ran long before
    return _first_of_row(before, others, held) if is_new and target_of(before, held) is not None else change


def _made_what_was_left(other: Change, change: Change) -> bool:
    template_hash = change.details.get(details.PREVIOUS_TEMPLATE_HASH, "")
    is_it = template_hash != "" and other.details.get(details.TEMPLATE_HASH) == template_hash
    return other.is_rollout and is_it and other.at < change.at


def after_leaving(already: str, change: Change, faults: list[Fault], standing: Standing | None) -> Advice:
    """Return what is left to do where somebody went back: some pods run what was left until they are deleted."""
    held = revisions_of(change, standing)
    broken = _broken_pods(change, faults, standing) if change.is_rollout else []
    command = "".join(_delete(change, broken))
    if command:
        one = broken is not None and len(broken) == 1
        pods = "pod is never replaced unless it is" if one else "pods are never replaced unless they are"
        return Advice(f"{already}; its broken {pods} deleted:", command)
    deletion = _deletion(held, broken)
    if deletion:
        return Advice(f"{already}; {deletion.removeprefix('and ')}")
    return Advice(f"{already}. Where it goes on, look for another cause")


def _rollout(change: Change, verb: str) -> str:
    """Return a command on the revisions of a workload; nothing for what no object can be called."""
    subject = change.subject
    if subject.kind != ARGO_ROLLOUT:
        return kubectl(subject, "rollout", verb, kind=subject.kind)
    if not is_subdomain(subject.name) or not is_label(subject.namespace):
        return ""
    words = ["get", "rollout"] if verb == "history" else [verb]
    return shlex.join(["kubectl", "argo", "rollouts", *words, subject.name, "-n", subject.namespace])


def pods_to_delete(change: Change, faults: list[Fault], standing: Standing | None) -> str:
    """Return in words which pods run on after any way back until they are deleted; nothing where none does."""
    return _deletion(revisions_of(change, standing), _broken_pods(change, faults, standing)).removeprefix("and ")


def _deletion(held: WorkloadRevisions | None, broken: list[str] | None) -> str:
    """Return which pods have to be deleted by hand."""
    if held is not None and held.on_delete:
        return "and its pods are replaced only when they are deleted"
    return "" if broken == [] else "and delete its broken pods, or they are never replaced"


def _has_previous(change: Change) -> bool:
    return bool(
        change.details.get(details.PREVIOUS_TEMPLATE_HASH)
        or change.details.get(details.PREVIOUS_IMAGE)
        or change.old_value
    )


def target_words(change: Change) -> str:
    """Return what ran before a rollout, in words."""
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


def _delete(change: Change, pods: list[str] | None) -> tuple[str, ...]:
    if not pods or len(pods) > MAX_PODS_DELETED:
        return ()
    names = " ".join(f"pod/{pod}" for pod in pods)
    return (f"kubectl -n {change.subject.namespace} delete {names}",)


def _roll_back_foreign(change: Change) -> Advice:
    """Kinds that `kubectl rollout` does not know have their own way back."""
    kind = change.subject.kind if is_kind(change.subject.kind) else "workload"
    name = plain_phrase(shown_name(change, 63)) or "it"
    target = previous_version(change, 63) if plain_image(change.details.get(details.PREVIOUS_IMAGE)) else ""
    return Advice(f"roll {kind} {name} back to {target or 'the version before'}, by the means of its kind")
