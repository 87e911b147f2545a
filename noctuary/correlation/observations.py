"""From events to observations: what concerns the incident's services, as changes and as faults."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from noctuary.analyzers import registry
from noctuary.correlation.deploys.join import join_posted
from noctuary.correlation.episodes import group_episodes
from noctuary.correlation.lasting import (
    as_it_began,
    is_background,
    is_ignored,
    is_passing,
    is_serving,
    node_as_seen,
    what_was_seen,
)
from noctuary.correlation.placing import Placed, Placing, is_node_event, pods_of, workload_of
from noctuary.correlation.taken_back import Place, find_returns, place_of, with_deleted, without_remade
from noctuary.models.context_event import CHANGE_TYPES, ContextEvent, EventType
from noctuary.models.diagnosis import Change, Fault, IncidentContext, PodView, Relation, Subject
from noctuary.models.service_index import ServiceIndex

LATE_FAULT_S = 300.0
"""Pods may fail visibly after the alert: it can be faster than the kubelet, and our answer can be late."""
MAX_ROOTS = 50
"""Faults of one workload that others are held against, the first ones: whoever has more fails all over."""
TOGETHER_S = 300.0
"""Episodes further apart than this do not follow from each other."""


class Observations(msgspec.Struct, frozen=True):
    """What the checks read; `background` is what goes on since long."""

    context: IncidentContext
    changes: list[Change]
    faults: list[Fault]
    node_faults: list[Fault]
    own_pods: list[PodView]
    background: list[Fault] = []
    dependency_pods: list[PodView] = []
    neighbour_pods: list[PodView] = []
    pods: list[PodView] = []
    """All: those of the service itself, then those of its dependencies, then those of its neighbours."""
    pods_at: dict[tuple[str, str], list[PodView]] = {}
    """The same by namespace and workload."""
    ready_pods: dict[str, int] = {}
    """How many pods of each service are ready to serve."""
    staying: dict[str, list[PodView]] = {}
    """The pods of each service that are not about to end."""
    places: dict[Place | str, list[int]] = {}
    """The changes of each place, and of each service, by their indexes."""
    faults_at: dict[Subject | str, list[Fault]] = {}
    """The faults of each workload, and of each service, in order."""
    returns: dict[str, Change] = {}
    """By event id of each rollout that took back another one, that one."""

    def pods_near(self, relation: Relation) -> list[PodView]:
        """Return the pods of the services that are so near."""
        found = {Relation.OWN: self.own_pods, Relation.NEIGHBOUR: self.neighbour_pods}
        return found.get(relation, self.dependency_pods)


def gather_observations(context: IncidentContext) -> Observations:
    """Keep what concerns the incident's services and tell changes from faults."""
    told = [event for event in context.events if not is_ignored(event, context)]
    placing = Placing(context.services, context.pods or [])
    placed = [each for event in told if (each := placing.place(event)) is not None]
    joined = join_posted(_change(p) for p in placed if _is_change(p))
    changes = with_deleted(without_remade(joined, context.onset))
    staying = [pod for pod in context.pods or [] if not pod.is_leaving]
    relations = (Relation.OWN, Relation.DEPENDENCY, Relation.NEIGHBOUR)
    own, near, beside = (pods_of(staying, context.services, each) for each in relations)
    pods = _unique([*own, *near, *beside])
    faults = _absorb(_faults([p for p in placed if not _is_change(p)], changes, context))
    told_faults = [(fault, is_background(fault, context)) for fault in faults]
    felt = [f for f, lasts in told_faults if not (lasts or registry.analyzer_of(f).is_harmless)]
    return Observations(
        context=context,
        changes=changes,
        faults=felt,
        node_faults=_node_faults(told, placed, own, context),
        own_pods=own,
        background=[f for f, lasts in told_faults if lasts],
        dependency_pods=near,
        neighbour_pods=beside,
        pods=pods,
        pods_at=_pods_at(pods),
        ready_pods=_count_ready(context),
        staying=_by_service(staying, context),
        places=_places(changes),
        faults_at=_faults_at(felt),
        returns=find_returns(changes),
    )


def _unique(pods: list[PodView]) -> list[PodView]:
    """Return pods once each: a workload that alerts name may be of a wide mapping as well."""
    return list({(pod.namespace, pod.name): pod for pod in pods}.values())


def changes_near(observed: Observations, fault: Fault) -> list[tuple[int, Change]]:
    """Return the changes of a fault's workload or service, in order: no other may be of the same workload."""
    indexes = {*observed.places.get(fault.subject, ()), *observed.places.get(fault.service, ())}
    return [(index, observed.changes[index]) for index in sorted(indexes)]


def pods_of_workload(observed: Observations, subject: Subject) -> list[PodView]:
    """Return the pods of a workload that were read."""
    return observed.pods_at.get((subject.namespace, subject.name), [])


def _pods_at(pods: list[PodView]) -> dict[tuple[str, str], list[PodView]]:
    places: dict[tuple[str, str], list[PodView]] = defaultdict(list)
    for pod in pods:
        places[pod.namespace, pod.workload].append(pod)
    return dict(places)


def faults_near(observed: Observations, change: Change) -> list[Fault]:
    """Return the faults of a change's service, in order: no other may be of the same workload."""
    return observed.faults_at.get(change.service, [])


def changes_beside(observed: Observations, change: Change) -> list[tuple[int, Change]]:
    """Return the changes of the same place, this one among them, in order."""
    return [(index, observed.changes[index]) for index in observed.places.get(place_of(change), ())]


def _places(changes: list[Change]) -> dict[Place | str, list[int]]:
    places: dict[Place | str, list[int]] = defaultdict(list)
    for index, change in enumerate(changes):
        places[place_of(change)].append(index)
        places[change.service].append(index)
    return dict(places)


def _faults_at(faults: list[Fault]) -> dict[Subject | str, list[Fault]]:
    places: dict[Subject | str, list[Fault]] = defaultdict(list)
    for fault in faults:
        places[fault.subject].append(fault)
        places[fault.service].append(fault)
    return dict(places)


def lies_down(observed: Observations, service: str) -> bool:
    """Tell whether the pods of a service were read, and none is ready."""
    context = observed.context
    is_read = context.pods is not None and service not in (context.unread_services or [])
    return is_read and not observed.ready_pods.get(service)


def _count_ready(context: IncidentContext) -> dict[str, int]:
    index = ServiceIndex(context.services)
    ready = (pod for pod in context.pods or [] if pod.is_ready and is_serving(pod))
    return Counter(name for pod in ready for name in index.names(pod))


def _by_service(pods: list[PodView], context: IncidentContext) -> dict[str, list[PodView]]:
    index, found = ServiceIndex(context.services), defaultdict(list)
    for pod in pods:
        for name in index.names(pod):
            found[name].append(pod)
    return dict(found)


def _faults(placed: list[Placed], changes: list[Change], context: IncidentContext) -> list[Fault]:
    seen = what_was_seen(context)
    latest = _latest(context)
    timely = [p for p in placed if p.event.timestamp <= latest or p.analyzer.is_state]
    kept = [as_it_began(p, seen) for p in timely if not is_passing(p, seen)]
    return group_episodes(kept, changes, seen)


def _node_faults(
    events: Iterable[ContextEvent], placed: Iterable[Placed], own_pods: list[PodView], context: IncidentContext
) -> list[Fault]:
    """Return what is wrong with the nodes of the service; with any node where its pods find none."""
    nodes = {pod.node for pod in own_pods} | {p.event.object.node for p in placed if p.event.object} - {""}
    homeless = any(p.analyzer.asks_for_nodes for p in placed)
    views, latest = {node.name: node for node in context.nodes}, _latest(context)
    found = [
        node_as_seen(Placed(event, "", Relation.NODE, registry.recognise(event)), views)
        for event in events
        if is_node_event(event)
        and event.timestamp <= latest
        and (homeless or (event.object is not None and event.object.name in nodes))
    ]
    return group_episodes(found, [])


def _latest(context: IncidentContext) -> float:
    """Return until when what begins is of this incident: it is told of what fails as it comes, however old it is."""
    return max(context.onset, context.began_at) + LATE_FAULT_S


def is_late(fault: Fault, context: IncidentContext) -> bool:
    """Tell whether a fault began so long after the onset that it cannot be what the alert was about.

    Nobody knows since when a state lasts that is only seen.
    """
    return not registry.analyzer_of(fault).is_state and fault.first > context.onset + LATE_FAULT_S


def _is_change(placed: Placed) -> bool:
    return placed.event.event_type in CHANGE_TYPES and placed.analyzer is registry.FALLBACK


def _change(placed: Placed) -> Change:
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
        entity=event.entity,
        sha=event.sha,
        link=event.link,
        confidence=event.confidence if placed.is_posted else 1.0,
        is_posted=placed.is_posted,
    )


def _absorb(faults: list[Fault]) -> list[Fault]:
    """Drop what only follows from another fault of the same pods: a crash loop of pods that ran out of memory."""
    roots: dict[Subject, list[Fault]] = defaultdict(list)
    for fault in faults:
        if len(roots[fault.subject]) < MAX_ROOTS:
            roots[fault.subject].append(fault)
    return [fault for fault in faults if not any(_follows(fault, root) for root in roots[fault.subject])]


def _follows(fault: Fault, root: Fault) -> bool:
    if not registry.follows(fault, root):
        return False
    if fault.first > root.last + TOGETHER_S or root.first > fault.last + TOGETHER_S:
        return False
    same_template = fault.template_hash == root.template_hash or not fault.template_hash
    return same_template and (set(fault.pods) <= set(root.pods) or not fault.pods)
