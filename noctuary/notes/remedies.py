"""What to do about a cause: one concrete command, made of validated names only."""

import re
import shlex

from noctuary.common.clock import format_clock
from noctuary.common.text import clean, duration, shorten_middle
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import WORKLOAD_KINDS, Cause, CauseKind, Change, Fault, FaultKind, Subject

MAX_IMAGE_CHARS = 160
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_QUANTITY = re.compile(r"(\d{1,9})(Ki|Mi|Gi|k|M|G)?")
_REPLICAS = re.compile(r"[0-9]{1,6}")
_KINDS = {"ConfigMap": "configmap", "Secret": "secret"}


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
    undo = _kubectl(change.subject, "rollout", "undo", kind=change.subject.kind)
    if not undo:
        return f"roll {clean(change.service, 63)} back: {to}"
    return f"{undo}        {to}{_how_long(change)}"


def _describe_first(change: Change) -> str:
    """A first rollout has nothing before it to go back to."""
    look = _kubectl(change.subject, "describe", kind=change.subject.kind)
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
    command = _kubectl(change.subject, "scale", kind=change.subject.kind)
    return f"{command} --replicas={replicas}        as it was before, unless this was meant" if command else ""


def _repair(fault: Fault) -> str:
    """Say what to do about a fault that no change explains; falls back to looking at the pods."""
    namespace = fault.subject.namespace
    pod = Subject("Pod", namespace, fault.pods[0] if fault.pods else "")
    look = _kubectl(pod, "describe", kind="pod") or f"look at {clean(fault.subject.name, 63)}"
    if fault.kind is FaultKind.NODE:
        return _kubectl(Subject("Node", "", fault.subject.name), "describe", kind="node") or look
    if fault.kind is FaultKind.CRASH_LOOP:
        return _logs(pod, fault) or look
    if fault.kind is FaultKind.OUT_OF_MEMORY:
        return _raise_limit(fault) or look
    if fault.kind is FaultKind.MISSING_CONFIGURATION:
        return _look_for_missing(fault) or look
    if fault.kind is FaultKind.REFUSED:
        return _look_at_quota(fault) or _kubectl(fault.subject, "describe", kind=fault.subject.kind) or look
    if fault.kind is FaultKind.IMAGE_PULL:
        return f"{look}        check the image's name, and its pull secret"
    return look


def _logs(pod: Subject, fault: Fault) -> str:
    logs = _kubectl(pod, "logs", "--previous", kind="")
    container = fault.details.get(details.CONTAINER, "")
    return f"{logs} -c {shlex.quote(container)}" if logs and _NAME.fullmatch(container) else logs


def _raise_limit(fault: Fault) -> str:
    limit, container = fault.details.get(details.MEMORY_LIMIT, ""), fault.details.get(details.CONTAINER, "")
    quantity = _QUANTITY.fullmatch(limit)
    if not quantity or not _NAME.fullmatch(container) or fault.subject.kind not in WORKLOAD_KINDS:
        return ""
    doubled = f"{int(quantity[1]) * 2}{quantity[2] or ''}"
    command = _kubectl(fault.subject, "set", "resources", kind=fault.subject.kind)
    if not command:
        return ""
    condition = f"if it needs more than {limit}; else find the leak"
    return f"{command} -c {shlex.quote(container)} --limits=memory={doubled}        {condition}"


def _look_for_missing(fault: Fault) -> str:
    kind, name = fault.details.get(details.MISSING_KIND, ""), fault.details.get(details.MISSING_NAME, "")
    resource = _KINDS.get(kind, "")
    command = _kubectl(Subject(kind, fault.subject.namespace, name), "get", kind=resource) if resource else ""
    key = clean(fault.details.get(details.MISSING_KEY, ""), 63)
    missing = f"add key {key} to it" if key else "create it or name the right one"
    return f"{command}        {missing}" if command else ""


def _look_at_quota(fault: Fault) -> str:
    quota = Subject("ResourceQuota", fault.subject.namespace, fault.details.get(details.QUOTA, ""))
    command = _kubectl(quota, "describe", kind="resourcequota")
    return f"{command}        raise it, or ask for less" if command else ""


def _kubectl(subject: Subject, *words: str, kind: str) -> str:
    """Return a kubectl command on an object, or nothing when a name is none that Kubernetes would take."""
    names = [subject.name] if subject.kind == "Node" else [subject.namespace, subject.name]
    is_workload = not kind or kind in WORKLOAD_KINDS or kind.islower()
    if not is_workload or not all(_NAME.fullmatch(name) for name in names):
        return ""
    target = f"{kind.lower()}/{subject.name}" if kind else subject.name
    place = [] if subject.kind == "Node" else ["-n", subject.namespace]
    return shlex.join(["kubectl", *place, *words, target])
