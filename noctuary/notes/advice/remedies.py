"""What to do about a cause: one concrete command of validated names, or a sentence that says where to act."""

from noctuary.analyzers.base import NATIVE_KINDS, Advice, kubectl, kubectl_list
from noctuary.analyzers.cluster.stopped import Stopped
from noctuary.analyzers.out_of_memory import OutOfMemory
from noctuary.analyzers.registry import analyzer_of
from noctuary.common.words import COUNT, is_kind, is_subdomain, plain_value
from noctuary.correlation.change_checks import NOT_BACK
from noctuary.correlation.effects.objects import is_of_object
from noctuary.correlation.effects.workloads import is_restart, moving_tag, reads_nothing
from noctuary.correlation.scalings import is_by_autoscaler
from noctuary.correlation.taken_back import is_gone
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, Change, Diagnosis, Fault, Subject
from noctuary.models.evidence import Standing
from noctuary.models.revisions import WorkloadRevisions
from noctuary.notes.advice.objects import object_advice, set_back
from noctuary.notes.advice.owners import Owner, change_at_owner, changes_of, owner_of, revert_at_owner
from noctuary.notes.advice.rollback import after_leaving, pods_to_delete, roll_back, target_words
from noctuary.notes.cleared import ready_by_now
from noctuary.notes.left import (
    DELETED,
    built_upon,
    hash_of_current,
    is_made_good,
    replaced_already,
    undone_already,
    workload_of,
)
from noctuary.notes.posted import lift_autoscaler, mend_posted, revert_posted

ELSEWHERE = "Where it goes on, look for another cause"
MISSED = Advice(f"{DELETED}. Where it goes on, create it anew if it is missed, else look for another cause")
SCALABLE_KINDS = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})


def remedy(
    cause: Cause, diagnosis: Diagnosis, standing: Standing | None = None, *, is_resolved: bool = False
) -> Advice:
    """Return the action for a cause; a way back depends on what holds now."""
    change = cause.change
    if not is_resolved and (ready := ready_by_now(cause, standing)):
        return Advice(f"{ready}. {ELSEWHERE}")
    if change is None:
        return _repair(cause.faults[0], diagnosis, standing)
    already = undone_already(change, standing, diagnosis.onset)
    if already:
        if cause.why == NOT_BACK:
            return Advice(f"{already}. Where it goes on, see why its pods are not ready")
        return after_leaving(already, change, cause.faults, standing)
    replaced = replaced_already(cause, standing, diagnosis.onset)
    if replaced == DELETED:
        return MISSED
    if replaced and (is_resolved or is_made_good(change, standing)):
        return Advice(f"{replaced}. {ELSEWHERE}")
    advice = _take_back(cause, change, diagnosis, standing)
    words = f"{replaced}. Where it goes on{', ' + advice.words if advice.words else ':'}"
    return advice._replace(words=words) if replaced else advice


def _take_back(cause: Cause, change: Change, diagnosis: Diagnosis, standing: Standing | None) -> Advice:
    if change.is_rollout and details.RETURN in change.details:
        words = f"this was a return from {target_words(change)}: compare both versions before you change it again"
        return Advice(words)
    if not change.subject.kind:
        return _look_besides(revert_posted(change), cause, diagnosis, standing)
    owner = owner_of(change.subject, change.details, diagnosis, standing)
    if change.is_rollout:
        return _undo(cause, change, owner, diagnosis, standing)
    return _revert(change, owner)


def _look_besides(advice: Advice, cause: Cause, diagnosis: Diagnosis, standing: Standing | None) -> Advice:
    """Return advice about what only came before pods that fail, with the look at them that tells more."""
    own = next((fault for fault in cause.faults if fault.subject.kind), None)
    look = _repair(own, diagnosis, standing) if own is not None else Advice()
    if not look.command:
        return advice
    return look._replace(words=f"{advice.words}; look first why its pods fail:")


def _undo(cause: Cause, change: Change, owner: Owner | None, diagnosis: Diagnosis, standing: Standing | None) -> Advice:
    if is_restart(change):
        return Advice(f"check {_of_restart(change)}; to undo a restart changes nothing")
    if owner is not None:
        is_built_upon = built_upon(change, standing) is not None  # the last commit is another one by now
        back = f"go back to {target_words(change)}"
        advice = change_at_owner(owner, change.subject, back) if is_built_upon else revert_at_owner(owner, change)
        return _with_deletion(advice, pods_to_delete(change, cause.faults, standing))
    return roll_back(change, cause.faults, standing, diagnosis.onset, changes_of(diagnosis))


def _of_restart(change: Change) -> str:
    """Return what may be new to pods whose template is as it was."""
    tag = moving_tag(change)
    read = "" if reads_nothing(change) else "the ConfigMaps and Secrets that its new pods have read"
    image = f"whether tag {tag} names another image by now" if tag else ""
    return ", and ".join(filter(None, (read, image))) or "in the logs of its new pods what they meet as they start"


def _with_deletion(advice: Advice, deletion: str) -> Advice:
    """Return advice with what is to do by hand once it was followed: no tool deletes the pods that wait for it."""
    return advice._replace(words=f"{advice.words}; {deletion}") if deletion else advice


def _revert(change: Change, owner: Owner | None) -> Advice:
    if is_gone(change):
        return _make_anew(change, owner)
    if is_of_object(change):
        return _revert_object(change, owner)
    old = plain_value(change.old_value)
    what = change.event_type.replace("_", " ")
    if change.event_type == EventType.SCALE_EVENT and COUNT.fullmatch(old):
        return _scale_back(change, old, owner)
    if owner is not None:
        return change_at_owner(owner, change.subject, f"take this {what} back")
    was = f"it was {old} before" if old else "its former value is known where it was changed"
    return Advice(f"check whether this {what} was meant, and take it back if not; {was}")


def _revert_object(change: Change, owner: Owner | None) -> Advice:
    is_deleted = change.details[details.FATE] == "deleted"
    if owner is not None:
        return change_at_owner(owner, change.subject, "bring it back" if is_deleted else set_back(change))
    return _make_anew(change, None) if is_deleted else object_advice(change)


def _make_anew(change: Change, owner: Owner | None) -> Advice:
    if owner is not None:
        return change_at_owner(owner, change.subject, "bring it back")
    kind, name = change.subject.kind, change.subject.name
    named = f"{kind} {name}" if is_kind(kind) and is_subdomain(name) else "it"
    return Advice(f"create {named} anew from where its manifest is kept, unless this was meant")


def _scale_back(change: Change, replicas: str, owner: Owner | None) -> Advice:
    if is_by_autoscaler(change):
        return lift_autoscaler(replicas)
    if owner is not None:
        return change_at_owner(owner, change.subject, f"set the replicas back to {replicas}")
    command = (
        kubectl(change.subject, "scale", kind=change.subject.kind) if change.subject.kind in SCALABLE_KINDS else ""
    )
    if not command:
        return Advice(f"scale it back to {replicas}, unless this was meant")
    return Advice(command=f"{command} --replicas={replicas}", remark="as it was before, unless this was meant")


def _repair(fault: Fault, diagnosis: Diagnosis, standing: Standing | None) -> Advice:
    """Say what to do about a fault that no change explains; falls back to looking at the pods."""
    if not fault.subject.kind:
        return mend_posted(fault)
    held = workload_of(fault.subject, standing)
    if held is not None and held.is_gone:
        return MISSED
    if held is not None and fault.kind == Stopped.kind and held.replicas:
        return Advice(f"already scaled to {held.replicas:d}. {ELSEWHERE}")
    then, by_now = plain_value(fault.details.get(details.MEMORY_LIMIT)), _limit_by_now(fault, held)
    owner = owner_of(fault.subject, fault.details, diagnosis, standing)
    if owner is not None and fault.kind == OutOfMemory.kind:
        limit = f" (now {by_now or then})" if by_now or then else ""
        return change_at_owner(owner, fault.subject, f"find the leak, or raise the memory limit{limit}")
    if by_now:
        was = f", {then} before" if then else ""
        return Advice(f"its memory limit is {by_now} by now{was}. Where it goes on, find the leak or raise it")
    pod = _failing_pod(fault, standing)
    advice = analyzer_of(fault).remedy(fault, pod, kubectl(pod, "describe", kind="Pod") or _look(fault))
    return advice if any(advice) else Advice("check the status, the events and the logs of its pods")


def _failing_pod(fault: Fault, standing: Standing | None) -> Subject:
    """Return the first pod that fails and exists still, without a name where none does."""
    pods = [Subject("Pod", fault.subject.namespace, name) for name in fault.shown_pods if not fault.is_over]
    gone = standing.gone_pods if standing is not None else []
    return next((pod for pod in pods if pod not in gone), Subject("Pod", fault.subject.namespace, ""))


def _limit_by_now(fault: Fault, held: WorkloadRevisions | None) -> str:
    """Return the memory limit that took the place of the one that did not suffice, or nothing.

    Pods of the template that is wanted now may have another limit than it tells, as admission sets it.
    """
    then, container = fault.details.get(details.MEMORY_LIMIT, ""), fault.details.get(details.CONTAINER, "")
    if fault.kind != OutOfMemory.kind or held is None or fault.template_hash in ("", hash_of_current(held)):
        return ""
    now = plain_value(held.memory_limits.get(container))
    return now if then and now != then else ""


def _look(fault: Fault) -> str:
    """Return a look at what exists still where no failing pod is known to."""
    subject = fault.subject
    is_workload = subject.kind in NATIVE_KINDS - {"Pod", "Node"}
    look = kubectl(subject, "describe", kind=subject.kind) if is_workload and not fault.pods else ""
    return look or kubectl_list(subject.namespace, "pods")
