"""Whom an incident's services call, as far as what was read tells: dependencies that nobody had to write down."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import msgspec

from noctuary.incidents.choosing.following import Window, joined, view_in
from noctuary.incidents.choosing.visible import visible_namespaces
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView, Relation, ServiceView, Subject
from noctuary.models.live_view import LiveView
from noctuary.models.reaching.edges import BY_ROUTE, Edge
from noctuary.models.routing_record import RoutingRecord
from noctuary.models.service_index import ServiceIndex

MAX_HOPS = 2
"""Calls from the incident's own workloads to what may be the cause: what lies behind that shows in between, too."""
MAX_CALLED = 20
"""Workloads that are added: whoever calls more is a gateway, and all that it serves is no answer."""


class Called(NamedTuple):
    """The services with those that they call, which were `added`, and what was read of these."""

    services: list[ServiceView]
    added: list[ServiceView]
    events: list[ContextEvent]
    live: LiveView | None


async def with_called(
    record: RoutingRecord, services: list[ServiceView], first: LiveView | None, live: LiveView | None, window: Window
) -> Called:
    """Return the services with what they call; `first` is the view that tells who calls whom, `live` all that was read.

    Nothing is asked of the cluster: whom they call is in namespaces that were read, and may be seen.
    """
    if first is None or not first.edges:
        return Called(services, [], [], live)
    pods = live.pods if live is not None else first.pods
    visible = visible_namespaces(record)
    reached = [each for each in called_by(own_workloads(services, pods), first.edges) if each.namespace in visible]
    related, added = with_reached(services, reached, pods, record.namespace)
    views = asyncio.gather(*(view_in(around, added) for around in first.around))
    events = await window(added) if added else []
    return Called(related, added, events, joined(live, await views) if added else live)


def own_workloads(services: list[ServiceView], pods: Iterable[PodView]) -> set[Subject]:
    """Return the workloads whose pods are the incident's own."""
    index = ServiceIndex(each for each in services if each.relation is Relation.OWN)
    return {Subject(pod.workload_kind, pod.namespace, pod.workload) for pod in pods if index.names(pod)}


def called_by(callers: Collection[Subject], edges: Iterable[Edge]) -> list[Subject]:
    """Return the workloads that some call through Services, the nearest first; routes are called by nobody."""
    leads_to: dict[Subject, list[Subject]] = defaultdict(list)
    for edge in edges:
        if edge.how != BY_ROUTE:
            leads_to[edge.caller].append(edge.called)
    seen, found, here = set(callers), [], list(callers)
    for _ in range(MAX_HOPS):
        behind = [workload for caller in here for service in leads_to[caller] for workload in leads_to[service]]
        here = [each for each in dict.fromkeys(behind) if each not in seen]
        seen.update(here)
        found += here
    return found[:MAX_CALLED]


def with_reached(
    services: list[ServiceView], reached: list[Subject], pods: Iterable[PodView], tenant: str
) -> tuple[list[ServiceView], list[ServiceView]]:
    """Return the services, neighbours that are called as dependencies, and those that nobody had mapped."""
    index, members = ServiceIndex(services), defaultdict[Subject, set[str]](set)
    for pod in pods:
        members[Subject(pod.workload_kind, pod.namespace, pod.workload)] |= index.names(pod)
    called = {name for each in reached for name in members[each]}
    known = [_as_called(each) if each.name in called else each for each in services]
    added = list(_unmapped(reached, members, {each.name for each in services}, tenant))
    return sorted([*known, *added], key=lambda each: each.relation.order), added


def _as_called(service: ServiceView) -> ServiceView:
    is_beside = service.relation is Relation.NEIGHBOUR
    return msgspec.structs.replace(service, relation=Relation.DEPENDENCY) if is_beside else service


def _unmapped(
    reached: list[Subject], members: dict[Subject, set[str]], names: set[str], tenant: str
) -> Iterator[ServiceView]:
    for each in reached:
        if not members[each] and each.name not in names:
            names.add(each.name)
            yield ServiceView(each.name, Relation.DEPENDENCY, tenant, [each.namespace])
