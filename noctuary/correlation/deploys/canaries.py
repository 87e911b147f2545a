"""One release that shows as several changes: the old version goes down as the new one comes up beside it."""

import re
from collections import defaultdict

from noctuary.correlation.effects.workloads import is_restart
from noctuary.correlation.observations import Observations
from noctuary.correlation.scalings import is_by_autoscaler, is_down, is_up
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, Subject

SWITCH_S = 1800.0
"""A canary takes minutes from its first pod until the old version is gone."""
_MARK = re.compile(
    r"canary|baseline|stable|primary|preview|active|blue|green|old|new|next|previous|v[0-9]{1,6}(?:[.][0-9]{1,6}){0,3}"
)
"""What tells versions of one thing apart in their names."""


def are_versions(one: Subject, other: Subject) -> bool:
    """Tell whether two workloads are versions of one thing: `web` and `web-canary`, or ReplicaSets of one owner."""
    if one == other or (one.kind, one.namespace) != (other.kind, other.namespace) or not one.kind:
        return False
    if one.kind == "ReplicaSet":
        return one.name.rpartition("-")[0] == other.name.rpartition("-")[0] != ""
    return one.name != other.name and _stem(one.name) == _stem(other.name) != ""


def _stem(name: str) -> str:
    return "-".join(part for part in name.split("-") if not _MARK.fullmatch(part))


def switches(changes: list[Change]) -> dict[str, Change]:
    """Return by event id of each old version that was taken down what brought the new one up, the nearest in time."""
    coming: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if _brings(change):
            coming[change.service].append(change)
    found = {}
    for change in changes:
        if change.event_type != EventType.SCALE_EVENT or not is_down(change) or is_by_autoscaler(change):
            continue
        near = [
            other
            for other in coming[change.service]
            if abs(other.at - change.at) <= SWITCH_S and are_versions(other.subject, change.subject)
        ]
        if near:
            found[change.event_id] = min(near, key=lambda other: abs(other.at - change.at))
    return found


def _brings(change: Change) -> bool:
    """Tell whether a change brings a version up: its rollout, or its first pods since it ran nothing."""
    if change.is_posted:
        return False
    return (change.is_rollout and not is_restart(change)) or is_first_pods(change)


def is_first_pods(change: Change) -> bool:
    """Tell whether a scaling brings up what ran nothing before."""
    return change.event_type == EventType.SCALE_EVENT and is_up(change) and change.old_value == "0"


def stands_beside(observed: Observations, change: Change) -> bool:
    """Tell whether another version of the same thing ran before a rollout, and stands beside it or went for it."""
    if change.is_posted:
        return False
    beside = [observed.changes[index] for index in observed.places.get(change.service, ())]
    if any(new.event_id == change.event_id for new in switches(beside).values()):
        return True
    return any(
        pod.workload_kind in ("", change.subject.kind)
        and 0 < (pod.created_at or pod.started_at) < change.at
        and are_versions(change.subject, Subject(change.subject.kind, pod.namespace, pod.workload))
        for pod in observed.staying.get(change.service, ())
    )
