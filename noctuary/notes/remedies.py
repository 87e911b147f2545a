"""What to do about a cause: one concrete command, made of validated names only."""

import re

from noctuary.analyzers.base import kubectl
from noctuary.analyzers.registry import analyzer_of
from noctuary.common.clock import format_clock
from noctuary.common.text import clean, duration, shorten_middle
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Fault, Subject

MAX_IMAGE_CHARS = 160
_REPLICAS = re.compile(r"[0-9]{1,6}")


def remedy(cause: Cause) -> str:
    """Return the action for a cause in one line."""
    if cause.kind is CauseKind.ROLLOUT and cause.change is not None:
        return _roll_back(cause.change)
    if cause.change is not None:
        return _revert(cause.change)
    return _repair(cause.faults[0])


def _roll_back(change: Change) -> str:
    target = clean(change.details.get(details.PREVIOUS_IMAGE) or change.old_value or "", 400)
    if not target:
        return _describe_first(change)
    to = f"back to {shorten_middle(target, MAX_IMAGE_CHARS)}"
    undo = kubectl(change.subject, "rollout", "undo", kind=change.subject.kind)
    if not undo:
        return f"roll {clean(change.service, 63)} back: {to}"
    return f"{undo}        {to}{_how_long(change)}"


def _describe_first(change: Change) -> str:
    """A first rollout has nothing before it to go back to."""
    look = kubectl(change.subject, "describe", kind=change.subject.kind)
    return look or f"look at what {clean(change.service, 63)} was rolled out with"


def _how_long(change: Change) -> str:
    try:
        since = float(change.details.get(details.PREVIOUS_ROLLED_OUT_AT, ""))
    except ValueError:
        return ""
    return f", which ran for {duration(change.at - since)} until {format_clock(change.at)}" if since < change.at else ""


def _revert(change: Change) -> str:
    scale = _scale_back(change)
    if scale:
        return scale
    what = change.event_type.replace("_", " ")
    if change.old_value:
        return f"check whether this {what} was meant; it was {clean(change.old_value, 120)} before"
    return f"check whether this {what} was meant, and revert it if not"


def _scale_back(change: Change) -> str:
    replicas = change.old_value or ""
    if change.event_type != EventType.SCALE_EVENT or not _REPLICAS.fullmatch(replicas):
        return ""
    command = kubectl(change.subject, "scale", kind=change.subject.kind)
    return f"{command} --replicas={replicas}        as it was before, unless this was meant" if command else ""


def _repair(fault: Fault) -> str:
    """Say what to do about a fault that no change explains; falls back to looking at the pods."""
    pod = Subject("Pod", fault.subject.namespace, fault.pods[0] if fault.pods else "")
    describe = kubectl(pod, "describe", kind="pod") or f"look at {clean(fault.subject.name, 63)}"
    return analyzer_of(fault).remedy(fault, pod, describe)
