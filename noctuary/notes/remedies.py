"""What to do about a cause: one concrete command, made of validated names only."""

import re

from noctuary.analyzers.base import Advice, kubectl
from noctuary.analyzers.registry import analyzer_of
from noctuary.common.clock import format_clock
from noctuary.common.text import clean, duration, shorten_middle
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Fault, Subject
from noctuary.models.evidence import Standing

MAX_IMAGE_CHARS = 160
_REPLICAS = re.compile(r"[0-9]{1,6}")


def remedy(cause: Cause, _standing: Standing | None = None) -> Advice:
    """Return the action for a cause; a rollback needs to know which revisions exist."""
    if cause.kind is CauseKind.ROLLOUT and cause.change is not None:
        return _roll_back(cause.change)
    if cause.change is not None:
        return _revert(cause.change)
    return _repair(cause.faults[0])


def _roll_back(change: Change) -> Advice:
    target = clean(change.details.get(details.PREVIOUS_IMAGE) or change.old_value or "", 400)
    if not target:
        return _describe_first(change)
    to = f"back to {shorten_middle(target, MAX_IMAGE_CHARS)}"
    undo = kubectl(change.subject, "rollout", "undo", kind=change.subject.kind)
    if not undo:
        return Advice(f"roll {clean(change.service, 63)} back: {to}")
    return Advice(command=undo, remark=to + _how_long(change))


def _describe_first(change: Change) -> Advice:
    """A first rollout has nothing before it to go back to."""
    look = kubectl(change.subject, "describe", kind=change.subject.kind)
    return Advice(command=look) if look else Advice(f"look at what {clean(change.service, 63)} was rolled out with")


def _how_long(change: Change) -> str:
    try:
        since = float(change.details.get(details.PREVIOUS_ROLLED_OUT_AT, ""))
    except ValueError:
        return ""
    return f", which ran for {duration(change.at - since)} until {format_clock(change.at)}" if since < change.at else ""


def _revert(change: Change) -> Advice:
    scale = _scale_back(change)
    if scale:
        return scale
    what = change.event_type.replace("_", " ")
    if change.old_value:
        return Advice(f"check whether this {what} was meant; it was {clean(change.old_value, 120)} before")
    return Advice(f"check whether this {what} was meant, and revert it if not")


def _scale_back(change: Change) -> Advice | None:
    replicas = change.old_value or ""
    if change.event_type != EventType.SCALE_EVENT or not _REPLICAS.fullmatch(replicas):
        return None
    command = kubectl(change.subject, "scale", kind=change.subject.kind)
    if not command:
        return None
    return Advice(command=f"{command} --replicas={replicas}", remark="as it was before, unless this was meant")


def _repair(fault: Fault) -> Advice:
    """Say what to do about a fault that no change explains; falls back to looking at the pods."""
    pod = Subject("Pod", fault.subject.namespace, fault.pods[0] if fault.pods else "")
    describe = kubectl(pod, "describe", kind="pod")
    advice = analyzer_of(fault).remedy(fault, pod, describe)
    return advice if any(advice) else Advice(f"look at {clean(fault.subject.name, 63)}")
