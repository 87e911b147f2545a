"""Events: what only they report is an event of its own, what a pod's status shows as well is counted there."""

from collections.abc import Callable

import msgspec

from noctuary.kube.reflector import ChangeType
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.containers.objects import BY_COMMAND
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.fault_words import UNSCHEDULABLE
from noctuary.sources.kubernetes.identity import PodIdentity, job_workload
from noctuary.sources.kubernetes.kinds.nodes import CONDITION_REASONS, node_ref
from noctuary.sources.kubernetes.sinks import FaultSink
from noctuary.sources.kubernetes.watched_kind import CORE, SinkContext, WatchedKind
from noctuary.sources.kubernetes.words.event_parts import (
    EventParts,
    bound,
    count_of,
    first_time,
    is_dated_back,
    last_time,
    told_first_time,
)
from noctuary.sources.kubernetes.words.facts import killing_probe
from noctuary.sources.kubernetes.words.history import EventHistory
from noctuary.sources.kubernetes.words.pull_secrets import PullSecrets
from noctuary.sources.kubernetes.words.warning_words import (
    PULL_SECRET_REASON,
    UNHEALTHY,
    Told,
    of_command,
    read_warning,
)

Lookup = Callable[[ObjectRef], PodIdentity | None]
"""Finds what is known of a pod, of a workload, or of the pod that mounts a claim."""
OUR_GROUP = "noctuary.io/"
"""What the operator reports of its own resources is no event of a workload."""
DEBUG_PATH = "spec.ephemeralContainers{"
"""An ephemeral container debugs: whatever befalls it is no fault of the service."""
NODE_NAMESPACES = frozenset({"default", ""})
"""Where the kubelet and the controllers write Events about nodes; anywhere else it is somebody's claim."""
KILLING = "Killing"
"""A Normal Event, and the only word that a probe, and not the program, ended a container."""
_TYPES = {
    UNHEALTHY: EventType.RESTART,
    "BackOff": EventType.RESTART,
    "Evicted": EventType.RESTART,
    KILLING: EventType.RESTART,
    "BackoffLimitExceeded": EventType.RESTART,
    "DeadlineExceeded": EventType.RESTART,
    "FailedScheduling": EventType.SATURATION,
    "FailedCreate": EventType.SATURATION,
}
"""All other warnings are dependency failures: something an object needs is not there."""


class Event(EventParts):
    """core/v1 Event."""


class EventSink(FaultSink[Event]):
    """Reports what was seen since the very first start, and keeps how often each was counted, and missing secrets."""

    def __init__(self, context: SinkContext) -> None:
        super().__init__(context.queue, self._events_of)
        self._first_started_at = context.tracker.first_started_at
        self._lookup = context.find
        self._history = EventHistory()
        self._pull_secrets = PullSecrets()

    def on_list(self, objects: list[Event]) -> None:
        """Handle the complete list."""
        objects = [event for event in objects if bound(event)]
        self._history.forget_all_but((event.metadata.namespace, event.metadata.uid) for event in objects)
        self._pull_secrets.clear()
        for event in objects:
            self._pull_secrets.note(event)
        super().on_list(objects)

    def on_event(self, change: ChangeType, obj: Event) -> None:
        """Handle one change; an Event that expired is nothing new, and one that cannot be one is not read."""
        if change == "DELETED":
            self.forget(obj)
        elif bound(obj):
            self._pull_secrets.note(obj)
            super().on_event(change, obj)

    def forget(self, obj: Event) -> None:
        """Forget an Event that is gone."""
        self._pull_secrets.forget(obj)
        self._history.forget(obj.metadata.namespace, obj.metadata.uid)
        super().forget(obj)

    def _events_of(self, event: Event) -> list[ContextEvent]:
        if last_time(event) < self._first_started_at:
            return []
        found = kubernetes_event(event, self._lookup)
        return [msgspec.structs.replace(each, details=each.details | self._known_of(event, each)) for each in found]

    def _known_of(self, event: Event, told: ContextEvent) -> dict[str, str]:
        if event.reason == KILLING:
            return {}
        metadata = event.metadata
        first = told_first_time(event) if is_dated_back(event) else told.timestamp
        history = self._history.add(metadata.namespace, metadata.uid, first, told.last_seen, told.count)
        secrets = self._pull_secrets.of_subject(event)
        is_image = bool(secrets) and told.dedup_key.endswith("/image")
        return {details.HISTORY: history} | ({details.PULL_SECRET: secrets} if is_image else {})


EVENTS = WatchedKind(
    api=CORE, resource="events", kind=Event, make_sink=EventSink, field_selector="type=Warning", starts_last=True
)
KILLINGS = WatchedKind(
    api=CORE,
    resource="events",
    kind=Event,
    make_sink=EventSink,
    watch="killings",
    field_selector="type=Normal,reason=Killing",
    starts_last=True,
)
"""Field selectors know no `or`; of all Normal Events only these are sent, one for each container that is ended."""


def kubernetes_event(event: Event, lookup: Lookup) -> list[ContextEvent]:
    """Return the event that a Warning or a kill by a probe makes; none for what is normal."""
    subject = event.involved_object
    if not event.reason or not subject.name or subject.api_version.startswith(OUR_GROUP):
        return []
    if subject.field_path.startswith(DEBUG_PATH) or (subject.kind == "Node" and not _is_of_node(event, lookup)):
        return []
    if event.type == "Warning":
        return warning_event(event, lookup)
    return killing_event(event, lookup) if event.reason == KILLING else []


def warning_event(event: Event, lookup: Lookup) -> list[ContextEvent]:
    """Return the event that a Warning makes; none for what says nothing alone, or is said of a pod that goes."""
    identity = identify_subject(event, lookup)
    if event.reason == PULL_SECRET_REASON or _is_of_leaving(event, identity):
        return []
    subject = event.involved_object
    told = read_warning(event.reason, event.message, subject.kind, subject.name, subject.field_path)
    return [_event(event, identity, told)]


def killing_event(event: Event, lookup: Lookup) -> list[ContextEvent]:
    """Return the event of a container that its probe ended, under the key of that failing probe; else none."""
    probe = killing_probe(event.message)
    if not probe:
        return []
    identity = identify_subject(event, lookup)
    if _is_of_leaving(event, identity):
        return []
    subject = event.involved_object
    told = read_warning(UNHEALTHY, f"{probe} probe failed", subject.kind, subject.name, subject.field_path)
    killed = told.facts | {details.KILLED: "1", details.MESSAGE: ""}  # the probe's Warning says what was answered
    return [_event(event, identity, msgspec.structs.replace(told, facts=killed))]


def _event(event: Event, identity: PodIdentity, told: Told) -> ContextEvent:
    last_seen = last_time(event)
    container = told.facts.get(details.CONTAINER, "")
    own = {
        details.CLAIM: identity.only_claim if told.key == UNSCHEDULABLE else "",
        details.CONTAINER_ROLE: identity.roles.get(container, ""),
        details.PROBE_TARGET: identity.probes.get(f"{container}/{told.facts.get(details.PROBE, '')}", ""),
    }
    said = _said(told)
    if own[details.PROBE_TARGET].startswith(BY_COMMAND) and details.MESSAGE in said:
        said[details.MESSAGE] = of_command(said[details.MESSAGE])
    return draft(
        identity.ref,
        identity.service_name,
        _TYPES.get(event.reason, EventType.DEPENDENCY_FAILURE),
        key=told.key,
        at=first_time(event),
        last_seen=last_seen,
        new_value=told.reason,
        old_value=told.old_value,
        confidence=0.85,
        count=count_of(event),
        extra={**identity.extra(), **own, **said, details.REASON: told.reason},
    )


def _said(told: Told) -> dict[str, str]:
    return {name: value for name, value in told.facts.items() if value}


def identify_subject(event: Event, lookup: Lookup) -> PodIdentity:
    """Return what an Event is about; an object that we do not watch is its own service."""
    subject = event.involved_object
    ref = ObjectRef(subject.kind, event.metadata.namespace, subject.name, subject.uid)
    known = lookup(ref)
    if known is not None:
        return known
    if subject.kind == "Job":
        kind, name = job_workload(subject.name, last_time(event))
        return PodIdentity(msgspec.structs.replace(ref, workload_kind=kind, workload_name=name), name, "")
    return PodIdentity(ref, subject.name, "")


def _is_of_leaving(event: Event, identity: PodIdentity) -> bool:
    """Return whether a probe failed because its pod was to end, or is gone: ports are closed before pods are."""
    if event.reason not in (UNHEALTHY, KILLING):
        return False
    is_gone = identity.ref.kind == "Pod" and not identity.ref.workload_name
    return is_gone or 0 < identity.leaving_since <= last_time(event)


def _is_of_node(event: Event, lookup: Lookup) -> bool:
    """Return whether an Event about a node can be true, and tells more than the node's own conditions do."""
    subject = event.involved_object
    if event.metadata.namespace not in NODE_NAMESPACES or event.reason in CONDITION_REASONS:
        return False
    return lookup(node_ref(subject.name, subject.uid)) is not None
