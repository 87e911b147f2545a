"""Warning Events of the cluster: what only they tell is an event, what pod status says as well is counted there."""

import re
from collections.abc import Callable

from noctuary.kube.objects import Event, seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.kinds.nodes import node_ref
from noctuary.sources.kubernetes.kinds.pods import (
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

Lookup = Callable[[str], PodIdentity | None]
"""Finds what is known of a pod or workload by its uid."""
_FIELD_PATH = re.compile(r"spec\.(?:initContainers|containers|ephemeralContainers)\{([^}]+)\}")
OUR_GROUP = "noctuary.io/"
"""What the operator says of its own resources is no news about a workload."""
_PROBES = ("liveness", "readiness", "startup")
_QUOTA = re.compile(r"exceeded quota: ([^,\s]+)(?:.*limited: ([^,\s]+))?", re.DOTALL)
_EXIT_CODE = re.compile(r"exit code (\d+)")
_SAYS_NOTHING = re.compile(r"Error: \w+|Back-off restarting failed container.*", re.DOTALL)
_WORD_OF_FAILED = {IMAGE_KEY: "ErrImagePull", CONFIGURATION_KEY: "CreateContainerConfigError"}
_TYPES = {
    "Unhealthy": EventType.RESTART,
    "BackOff": EventType.RESTART,
    "Evicted": EventType.RESTART,
    "FailedScheduling": EventType.SATURATION,
    "FailedCreate": EventType.SATURATION,
}
"""All other warnings are dependency failures: something an object needs is not there."""


def warning_event(event: Event, lookup: Lookup) -> list[ContextEvent]:
    """Return the event that a Warning tells of; none for what is normal."""
    if event.type != "Warning" or not event.reason or not event.involved_object.name:
        return []
    if event.involved_object.api_version.startswith(OUR_GROUP):
        return []
    identity = identify_subject(event, lookup)
    last_seen = last_time(event)
    first = seconds(event.first_timestamp) or seconds(event.event_time) or last_seen
    key, facts = _key_and_facts(event)
    facts |= _probe_target(identity, facts) | _quota(event)
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
            facts={**identity.facts(), **facts, details.REASON: _reason(event), details.MESSAGE: _message(event)},
        )
    ]


def last_time(event: Event) -> float:
    """Return when an Event was last seen, in whichever form it says so."""
    observed = seconds(event.series.last_observed_time) if event.series else 0.0
    return max(observed, seconds(event.last_timestamp), seconds(event.event_time)) or seconds(
        event.metadata.creation_timestamp
    )


def identify_subject(event: Event, lookup: Lookup) -> PodIdentity:
    """Say whom an Event is about; an object that we do not watch is its own service."""
    subject = event.involved_object
    if subject.kind == "Node":
        # The kubelet gives the node's name as its uid.
        return PodIdentity(node_ref(subject.name, subject.uid), subject.name, "")
    known = lookup(subject.uid)
    if known is not None:
        return known
    namespace = subject.namespace or event.metadata.namespace
    return PodIdentity(ObjectRef(subject.kind, namespace, subject.name, subject.uid), subject.name, "")


def _key_and_facts(event: Event) -> tuple[str, dict[str, str]]:
    container = _container(event)
    probe = _probe(event)
    facts = {details.CONTAINER: container, details.PROBE: probe, **missing_object(event.message)}
    if found := _EXIT_CODE.search(event.message):
        facts[details.EXIT_CODE] = found[1]
    if event.reason == "FailedScheduling":
        return UNSCHEDULABLE, facts
    trouble = _trouble(event)
    if trouble:
        return (f"{container}/{trouble}" if container else trouble), facts
    return "/".join(part for part in (event.reason, container, probe) if part), facts


def _container(event: Event) -> str:
    found = _FIELD_PATH.search(event.involved_object.field_path)
    return found[1] if found else ""


def _probe(event: Event) -> str:
    if event.reason != "Unhealthy":
        return ""
    lowered = event.message.lower()
    return next((probe for probe in _PROBES if probe in lowered), "")


def _probe_target(identity: PodIdentity, facts: dict[str, str]) -> dict[str, str]:
    """The kubelet says which probe failed and what it answered, and not what was asked."""
    asked = identity.probes.get(f"{facts[details.CONTAINER]}/{facts[details.PROBE]}", "")
    return {details.PROBE_TARGET: asked}


def _quota(event: Event) -> dict[str, str]:
    found = _QUOTA.search(event.message) if event.reason == "FailedCreate" else None
    return {details.QUOTA: found[1], details.QUOTA_LIMIT: found[2] or ""} if found else {}


def _trouble(event: Event) -> str:
    """Return the key of the trouble that the container's status tells of as well, or an empty text."""
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
    """Return the code word that a container's status has for the same trouble, else the Event's own."""
    trouble = _trouble(event)
    if event.reason == "BackOff":
        return "ImagePullBackOff" if trouble == IMAGE_KEY else CRASH_LOOP
    if event.reason == "Failed":
        return _WORD_OF_FAILED.get(trouble, event.reason)
    return event.reason


def _message(event: Event) -> str:
    """Return the message, or an empty text when it only repeats the reason: it must not replace one that tells more."""
    return "" if _SAYS_NOTHING.fullmatch(event.message) else event.message


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
