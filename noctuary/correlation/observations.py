"""From events to facts: which events concern the incident's services, and what changes and faults they tell."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Change, Fault, FaultKind, IncidentContext, PodView, Relation, ServiceView, Subject

KUBERNETES_SOURCE = "kubernetes"
LATE_FAULT_S = 300.0
"""Pods may fail visibly after the alert: it can be faster than the kubelet, and our answer can be late."""
START_UP_S = 60.0
"""A pod that is not ready at once fails its probe while it starts; most take seconds."""
_COUNT = re.compile(r"[0-9]{1,8}")
"""Details are untrusted text: anything else is no number of restarts."""

_KIND_BY_REASON = {
    "CrashLoopBackOff": FaultKind.CRASH_LOOP,
    "Error": FaultKind.CRASH_LOOP,
    "ContainerCannotRun": FaultKind.CRASH_LOOP,
    "RunContainerError": FaultKind.CRASH_LOOP,
    "StartError": FaultKind.CRASH_LOOP,
    "CreateContainerError": FaultKind.CRASH_LOOP,
    "PostStartHookError": FaultKind.CRASH_LOOP,
    "OOMKilled": FaultKind.OUT_OF_MEMORY,
    "OOMKilling": FaultKind.OUT_OF_MEMORY,
    "ErrImagePull": FaultKind.IMAGE_PULL,
    "ImagePullBackOff": FaultKind.IMAGE_PULL,
    "ErrImageNeverPull": FaultKind.IMAGE_PULL,
    "InvalidImageName": FaultKind.IMAGE_PULL,
    "ImageInspectError": FaultKind.IMAGE_PULL,
    "RegistryUnavailable": FaultKind.IMAGE_PULL,
    "CreateContainerConfigError": FaultKind.MISSING_CONFIGURATION,
    "FailedScheduling": FaultKind.UNSCHEDULABLE,
    "Unschedulable": FaultKind.UNSCHEDULABLE,
    "Evicted": FaultKind.EVICTED,
    "Preempting": FaultKind.EVICTED,
    "NodeLost": FaultKind.EVICTED,
    "Unhealthy": FaultKind.PROBE,
    "FailedCreate": FaultKind.REFUSED,
}
_CHANGES = frozenset(
    {
        EventType.DEPLOY,
        EventType.FLAG_CHANGE,
        EventType.CONFIG_CHANGE,
        EventType.SCALE_EVENT,
        EventType.SCHEMA_CHANGE,
    }
)
_ROOT_KINDS = frozenset({FaultKind.OUT_OF_MEMORY, FaultKind.MISSING_CONFIGURATION, FaultKind.IMAGE_PULL})
_SIGNALS = frozenset({"137", "143"})
"""Exit codes of a container that was ended from outside."""
_KILLING_PROBES = frozenset({"liveness", "startup"})
_FOLLOWING_KINDS = frozenset({FaultKind.CRASH_LOOP, FaultKind.PROBE, FaultKind.OTHER})


class Observations(msgspec.Struct, frozen=True):
    """What the checks read."""

    context: IncidentContext
    changes: list[Change]
    faults: list[Fault]
    node_faults: list[Fault]
    own_pods: list[PodView]


class _Placed(msgspec.Struct, frozen=True):
    event: ContextEvent
    service: str
    relation: Relation


def gather_observations(context: IncidentContext) -> Observations:
    """Keep what concerns the incident's services and tell changes from faults."""
    placed = [p for event in context.events if (p := _place(event, context.services)) is not None]
    own_pods = [pod for pod in context.pods or [] if _is_own(pod, context.services)]
    nodes = {pod.node for pod in own_pods} | {p.event.object.node for p in placed if p.event.object} - {""}
    on_nodes = [_Placed(e, "", Relation.NODE) for e in context.events if _is_node_event(e, nodes)]
    ready = {(pod.namespace, pod.name): pod for pod in own_pods if pod.is_ready}
    faults = [
        p
        for p in placed
        if not _is_change(p.event)
        and p.event.timestamp <= context.onset + LATE_FAULT_S
        and not _was_start_up(p.event, ready)
    ]
    node_faults = [p for p in on_nodes if p.event.timestamp <= context.onset + LATE_FAULT_S]
    return Observations(
        context=context,
        changes=[_change(p) for p in placed if _is_change(p.event)],
        faults=_absorb(_group(faults)),
        node_faults=_group(node_faults),
        own_pods=own_pods,
    )


def _was_start_up(event: ContextEvent, ready: Mapping[tuple[str, str], PodView]) -> bool:
    """Tell whether a probe failed only while its pod started, which has become ready since and was not restarted."""
    pod = ready.get((event.object.namespace, event.object.name)) if event.object is not None else None
    if pod is None or fault_kind(event) is not FaultKind.PROBE or event.last_seen > pod.started_at + START_UP_S:
        return False
    return not (pod.restarts and event.details.get(details.PROBE) in _KILLING_PROBES)


def workload_of(event: ContextEvent) -> Subject:
    """Return the workload an event concerns; the service's name where nothing better is known."""
    ref = event.object
    if ref is None:
        return Subject("", event.tenant, event.service_name)
    if ref.workload_name:
        return Subject(ref.workload_kind, ref.namespace, ref.workload_name)
    return Subject(ref.kind, ref.namespace, ref.name)


def fault_kind(event: ContextEvent) -> FaultKind:
    """Classify a fault by the platform's reason; two reasons of Events tell more in their message."""
    if event.details.get(details.MISSING_NAME):
        return FaultKind.MISSING_CONFIGURATION
    reason = event.details.get(details.REASON, "")
    if reason in ("BackOff", "Failed"):
        pulls = "image" in event.details.get(details.MESSAGE, "").lower()
        return FaultKind.IMAGE_PULL if pulls else FaultKind.CRASH_LOOP
    if event.object is not None and event.object.kind == "Node":
        return FaultKind.NODE
    return _KIND_BY_REASON.get(reason, FaultKind.OTHER)


def _place(event: ContextEvent, services: Iterable[ServiceView]) -> _Placed | None:
    if event.object is not None and event.object.kind == "Node":
        return None
    for service in sorted(services, key=lambda s: s.relation is not Relation.OWN):
        if _belongs(event, service):
            return _Placed(event, service.name, service.relation)
    return None


def _belongs(event: ContextEvent, service: ServiceView) -> bool:
    """Tell whether an event is of a service: what others post by its name, cluster objects by labels, else by name."""
    if event.source != KUBERNETES_SOURCE or event.object is None:
        tenants = service.namespaces if event.source == KUBERNETES_SOURCE else [service.tenant]
        return event.tenant in tenants and event.service_name == service.name
    if event.tenant not in service.namespaces:
        return False
    if service.match_labels and event.object.labels:
        return service.match_labels.items() <= event.object.labels.items()
    return service.name in (event.service_name, workload_of(event).name)


def _is_own(pod: PodView, services: Iterable[ServiceView]) -> bool:
    return any(
        service.relation is Relation.OWN
        and pod.namespace in service.namespaces
        and (
            service.match_labels.items() <= pod.labels.items() if service.match_labels else pod.workload == service.name
        )
        for service in services
    )


def _is_node_event(event: ContextEvent, nodes: set[str]) -> bool:
    ref = event.object
    return event.source == KUBERNETES_SOURCE and ref is not None and ref.kind == "Node" and ref.name in nodes


def _is_change(event: ContextEvent) -> bool:
    return event.event_type in _CHANGES and fault_kind(event) is FaultKind.OTHER


def _change(placed: _Placed) -> Change:
    event = placed.event
    return Change(
        event_id=event.id,
        is_rollout=event.event_type is EventType.DEPLOY,
        subject=workload_of(event),
        service=placed.service,
        relation=placed.relation,
        at=event.timestamp,
        vendor=event.vendor,
        event_type=str(event.event_type),
        details=event.details,
        actor=event.actor,
        old_value=event.old_value,
        new_value=event.new_value,
    )


def _group(placed: Iterable[_Placed]) -> list[Fault]:
    """Join what the same kind of fault did to pods of the same template."""
    groups: dict[tuple[FaultKind, Subject, str, str], list[_Placed]] = defaultdict(list)
    for p in placed:
        told = p.event.details
        key = (
            fault_kind(p.event),
            workload_of(p.event),
            told.get(details.TEMPLATE_HASH, ""),
            told.get(details.PROBE, ""),
        )
        groups[key].append(p)
    faults = [_fault(kind, subject, version, members) for (kind, subject, version, _), members in groups.items()]
    return sorted(faults, key=lambda fault: (fault.first, fault.kind))


def _fault(kind: FaultKind, subject: Subject, template_hash: str, members: list[_Placed]) -> Fault:
    events = sorted((p.event for p in members), key=lambda e: e.timestamp)
    merged: dict[str, str] = {}
    for event in sorted(events, key=lambda e: e.last_seen):
        merged |= event.details
    merged[details.RESTARTS] = str(_restarts(events))
    refs = [event.object for event in events if event.object is not None]
    return Fault(
        kind=kind,
        event_ids=[event.id for event in events],
        subject=subject,
        service=members[0].service,
        relation=members[0].relation,
        template_hash=template_hash,
        first=events[0].timestamp,
        last=max(event.last_seen for event in events),
        pods=sorted({ref.name for ref in refs if ref.kind == "Pod"}),
        nodes=sorted({ref.node for ref in refs} - {""}),
        details=merged,
        vendor=events[0].vendor,
        text=str(events[-1].new_value or events[-1].entity),
    )


def _restarts(events: Iterable[ContextEvent]) -> int:
    """Add up the restarts of all containers; each counts its own."""
    counts: dict[tuple[str, str], int] = {}
    for event in events:
        told = event.details.get(details.RESTARTS, "")
        if event.object is not None and _COUNT.fullmatch(told):
            container = (event.object.name, event.details.get(details.CONTAINER, ""))
            counts[container] = max(counts.get(container, 0), int(told))
    return sum(counts.values())


def _absorb(faults: list[Fault]) -> list[Fault]:
    """Drop what only follows from another fault of the same pods: a crash loop of pods that ran out of memory."""
    return [fault for fault in faults if not any(_follows(fault, root) for root in faults)]


def _follows(fault: Fault, root: Fault) -> bool:
    if fault.subject != root.subject or not _can_follow(fault, root):
        return False
    same_template = fault.template_hash == root.template_hash or not fault.template_hash
    return same_template and (set(fault.pods) <= set(root.pods) or not fault.pods)


def _can_follow(fault: Fault, root: Fault) -> bool:
    """A failing liveness probe ends its container; a process that ends by itself answers no probe."""
    if fault.kind is root.kind is FaultKind.PROBE:
        return _kills(root) and not _kills(fault)
    if fault.kind is FaultKind.CRASH_LOOP and root.kind is FaultKind.PROBE:
        return _kills(root) and _was_killed(fault)
    if fault.kind is FaultKind.PROBE and root.kind is FaultKind.CRASH_LOOP:
        return not _was_killed(root)
    return root.kind in _ROOT_KINDS and fault.kind in _FOLLOWING_KINDS


def _kills(fault: Fault) -> bool:
    return fault.details.get(details.PROBE) in _KILLING_PROBES


def _was_killed(fault: Fault) -> bool:
    return fault.details.get(details.EXIT_CODE, "") in _SIGNALS
