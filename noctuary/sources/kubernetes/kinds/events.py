"""Warning Events: what only they report is an event of its own, what a pod's status shows as well is counted there."""

import re
from collections.abc import Callable
from datetime import datetime

import msgspec

from noctuary.kube.objects import KubeObject, Struct, seconds
from noctuary.kube.reflector import ChangeType
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.fault_words import (
    CONFIGURATION_KEY,
    CRASH_KEY,
    CRASH_LOOP,
    IMAGE_KEY,
    START_KEY,
    UNSCHEDULABLE,
    constraint,
    missing_object,
    pressure,
)
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.kinds.nodes import node_ref
from noctuary.sources.kubernetes.sinks import FaultSink
from noctuary.sources.kubernetes.watched_kind import CORE, SinkContext, WatchedKind

Lookup = Callable[[str], PodIdentity | None]
"""Finds what is known of a pod or workload by its uid."""
_FIELD_PATH = re.compile(r"spec\.(?:initContainers|containers|ephemeralContainers)\{([^}]+)\}")
OUR_GROUP = "noctuary.io/"
"""What the operator reports of its own resources is no event of a workload."""
_PROBES = ("liveness", "readiness", "startup")
_QUOTA = re.compile(r"exceeded quota: ([^,\s]+)(?:.*limited: ([^,\s]+))?", re.DOTALL)
_EXIT_CODE = re.compile(r"exit code (\d+)")
_REPEATS_THE_REASON = re.compile(r"Error: \w+|Back-off restarting failed container.*", re.DOTALL)
_REASON_OF_FAILED = {IMAGE_KEY: "ErrImagePull", CONFIGURATION_KEY: "CreateContainerConfigError"}
_TYPES = {
    "Unhealthy": EventType.RESTART,
    "BackOff": EventType.RESTART,
    "Evicted": EventType.RESTART,
    "FailedScheduling": EventType.SATURATION,
    "FailedCreate": EventType.SATURATION,
}
"""All other warnings are dependency failures: something an object needs is not there."""


class ObjectReference(Struct):
    """What an Event is about."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class EventSeries(Struct):
    """How often an Event was repeated."""

    count: int = 0
    last_observed_time: datetime | None = None


class Event(KubeObject):
    """core/v1 Event, in the old form (count, lastTimestamp) and the new (series, eventTime)."""

    involved_object: ObjectReference = msgspec.field(default_factory=ObjectReference)
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 0
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: EventSeries | None = None


class WarningSink(FaultSink[Event]):
    """Reports Warnings that were seen since the very first start."""

    def __init__(self, context: SinkContext) -> None:
        first_started_at = context.tracker.first_started_at

        def decode(event: Event) -> list[ContextEvent]:
            return warning_event(event, context.identify) if last_time(event) >= first_started_at else []

        super().__init__(context.queue, decode)

    def on_event(self, change: ChangeType, obj: Event) -> None:
        """Handle one change; an Event that expired is nothing new."""
        if change == "DELETED":
            self.forget(obj)
        else:
            super().on_event(change, obj)


EVENTS = WatchedKind(
    api=CORE, resource="events", kind=Event, make_sink=WarningSink, field_selector="type=Warning", starts_last=True
)


def warning_event(event: Event, lookup: Lookup) -> list[ContextEvent]:
    """Return the event that a Warning makes; none for what is normal."""
    if event.type != "Warning" or not event.reason or not event.involved_object.name:
        return []
    if event.involved_object.api_version.startswith(OUR_GROUP):
        return []
    identity = identify_subject(event, lookup)
    last_seen = last_time(event)
    first = seconds(event.first_timestamp) or seconds(event.event_time) or last_seen
    key, extra = _key_and_extra(event)
    extra |= _probe_target(identity, extra) | _quota(event)
    return [
        draft(
            identity.ref,
            identity.service_name,
            _TYPES.get(event.reason, EventType.DEPENDENCY_FAILURE),
            key=key,
            at=first,
            last_seen=last_seen,
            new_value=_reason(event),
            old_value=_old_value(event),
            confidence=0.85,
            count=max(event.count, event.series.count if event.series else 0),
            extra={**identity.extra(), **extra, details.REASON: _reason(event), details.MESSAGE: _message(event)},
        )
    ]


def last_time(event: Event) -> float:
    """Return when an Event was last seen, in whichever form it says so."""
    observed = seconds(event.series.last_observed_time) if event.series else 0.0
    return max(observed, seconds(event.last_timestamp), seconds(event.event_time)) or seconds(
        event.metadata.creation_timestamp
    )


def identify_subject(event: Event, lookup: Lookup) -> PodIdentity:
    """Return what an Event is about; an object that we do not watch is its own service."""
    subject = event.involved_object
    if subject.kind == "Node":
        # The kubelet gives the node's name as its uid.
        return PodIdentity(node_ref(subject.name, subject.uid), subject.name, "")
    known = lookup(subject.uid)
    if known is not None:
        return known
    namespace = subject.namespace or event.metadata.namespace
    return PodIdentity(ObjectRef(subject.kind, namespace, subject.name, subject.uid), subject.name, "")


def _key_and_extra(event: Event) -> tuple[str, dict[str, str]]:
    container = _container(event)
    probe = _probe(event)
    extra = {details.CONTAINER: container, details.PROBE: probe, **missing_object(event.message)}
    if found := _EXIT_CODE.search(event.message):
        extra[details.EXIT_CODE] = found[1]
    if event.reason == "FailedScheduling":
        return UNSCHEDULABLE, extra
    fault_key = _fault_key(event)
    if fault_key:
        return (f"{container}/{fault_key}" if container else fault_key), extra
    return "/".join(part for part in (event.reason, container, probe) if part), extra


def _container(event: Event) -> str:
    found = _FIELD_PATH.search(event.involved_object.field_path)
    return found[1] if found else ""


def _probe(event: Event) -> str:
    if event.reason != "Unhealthy":
        return ""
    lowered = event.message.lower()
    return next((probe for probe in _PROBES if probe in lowered), "")


def _probe_target(identity: PodIdentity, extra: dict[str, str]) -> dict[str, str]:
    """The kubelet says which probe failed and what it answered, and not what was asked."""
    asked = identity.probes.get(f"{extra[details.CONTAINER]}/{extra[details.PROBE]}", "")
    return {details.PROBE_TARGET: asked}


def _quota(event: Event) -> dict[str, str]:
    found = _QUOTA.search(event.message) if event.reason == "FailedCreate" else None
    return {details.QUOTA: found[1], details.QUOTA_LIMIT: found[2] or ""} if found else {}


def _fault_key(event: Event) -> str:
    """Return the key of the fault that the container's status shows as well, or an empty text."""
    lowered = event.message.lower()
    if event.reason == "BackOff":
        return IMAGE_KEY if "image" in lowered else CRASH_KEY
    if event.reason in ("InspectFailed", "ErrImageNeverPull"):
        return IMAGE_KEY
    if event.reason != "Failed":
        return ""
    if missing_object(event.message):
        return CONFIGURATION_KEY
    return IMAGE_KEY if "image" in lowered or "errimage" in lowered else START_KEY


def _reason(event: Event) -> str:
    """Return the code word that a container's status has for the same fault, else the Event's own."""
    fault_key = _fault_key(event)
    if event.reason == "BackOff":
        return "ImagePullBackOff" if fault_key == IMAGE_KEY else CRASH_LOOP
    if event.reason == "Failed":
        return _REASON_OF_FAILED.get(fault_key, event.reason)
    return event.reason


def _message(event: Event) -> str:
    """Return the message, or an empty text when it only repeats the reason: it must not replace one that says more."""
    return "" if _REPEATS_THE_REASON.fullmatch(event.message) else event.message


def _old_value(event: Event) -> str:
    match event.reason:
        case "Unhealthy":
            return _probe(event)
        case "FailedScheduling":
            return constraint(event.message)
        case "Evicted":
            return pressure(event.message)
        case _:
            return ""
