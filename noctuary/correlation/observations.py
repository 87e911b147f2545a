"""From events to observations: which events concern the incident's services, and what changes and faults they tell."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from noctuary.analyzers import registry
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.models.diagnosis import Change, Fault, IncidentContext, PodView, Relation, ServiceView, Subject

KUBERNETES_SOURCE = "kubernetes"
LATE_FAULT_S = 300.0
"""Pods may fail visibly after the alert: it can be faster than the kubelet, and our answer can be late."""
_COUNT = re.compile(r"[0-9]{1,8}")
"""Details are untrusted text: anything else is no number of restarts."""

_CHANGES = frozenset(
    {
        EventType.DEPLOY,
        EventType.FLAG_CHANGE,
        EventType.CONFIG_CHANGE,
        EventType.SCALE_EVENT,
        EventType.SCHEMA_CHANGE,
    }
)


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
        and not _is_passing(p.event, ready)
    ]
    node_faults = [
        p
        for p in on_nodes
        if p.event.timestamp <= context.onset + LATE_FAULT_S and not registry.recognise(p.event).is_harmless
    ]
    return Observations(
        context=context,
        changes=[_change(p) for p in placed if _is_change(p.event)],
        faults=_absorb(_group(faults)),
        node_faults=_group(node_faults),
        own_pods=own_pods,
    )


def _is_passing(event: ContextEvent, ready: Mapping[tuple[str, str], PodView]) -> bool:
    """Tell whether a pod that is ready now shows that an event of it was no fault."""
    pod = ready.get((event.object.namespace, event.object.name)) if event.object is not None else None
    return pod is not None and registry.recognise(event).is_passing(event, pod)


def workload_of(event: ContextEvent) -> Subject:
    """Return the workload an event concerns; the service's name where nothing better is known."""
    ref = event.object
    if ref is None:
        return Subject("", event.tenant, event.service_name)
    if ref.workload_name:
        return Subject(ref.workload_kind, ref.namespace, ref.workload_name)
    return Subject(ref.kind, ref.namespace, ref.name)


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
    return event.event_type in _CHANGES and registry.recognise(event) is registry.FALLBACK


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
    groups: dict[tuple[str, Subject, str, str], list[_Placed]] = defaultdict(list)
    for p in placed:
        template_hash, probe = (p.event.details.get(name, "") for name in (details.TEMPLATE_HASH, details.PROBE))
        groups[registry.recognise(p.event).kind, workload_of(p.event), template_hash, probe].append(p)
    faults = [_fault(kind, subject, version, members) for (kind, subject, version, _), members in groups.items()]
    return sorted(faults, key=lambda fault: (fault.first, fault.kind))


def _fault(kind: str, subject: Subject, template_hash: str, members: list[_Placed]) -> Fault:
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
    if fault.subject != root.subject or not registry.follows(fault, root):
        return False
    same_template = fault.template_hash == root.template_hash or not fault.template_hash
    return same_template and (set(fault.pods) <= set(root.pods) or not fault.pods)
