"""Follow what the alerts of an incident name, with what was read of the cluster and of the store meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import NamedTuple

from noctuary.correlation.placing import workload_of
from noctuary.incidents.choosing.finding import missing, names_told
from noctuary.incidents.choosing.relating import choose, things_by_name
from noctuary.incidents.choosing.visible import not_visible, visible_namespaces, within
from noctuary.incidents.service_mapping import all_services, with_chosen
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.evidence import AlertTarget
from noctuary.models.live_view import LiveView, Surroundings, Thing
from noctuary.models.naming import names_of
from noctuary.models.routing_record import RoutingRecord

READ_S = 0.4
"""For namespaces that are read since an alert names them: of the half second that a note may wait for the cluster."""
MAX_NAMESPACES = 5
"""Of these: alerts that name more are read as far as the mapping goes."""
MAX_STORED = 6
"""Names that are looked for in the store, of what is not there any more."""

Window = Callable[[list[ServiceView]], Awaitable[list[ContextEvent]]]
"""Reads what is stored of services."""


class Followed(NamedTuple):
    """The services of an incident as its alerts have it, and what was read of those that nobody had asked for."""

    services: list[ServiceView]
    chosen: list[ServiceView]
    events: list[ContextEvent]
    live: LiveView | None
    gaps: list[str]


def named_namespaces(
    record: RoutingRecord, services: list[ServiceView], targets: list[AlertTarget]
) -> list[ServiceView]:
    """Return what asks for the namespaces that alerts name, may be seen and are not asked for yet."""
    asked = {namespace for service in services for namespace in service.namespaces}
    named = dict.fromkeys(each.namespace for each in within(record, targets) if each.namespace)
    missed = [name for name in named if name not in asked]
    return [
        ServiceView(f"namespace {name}", Relation.NEIGHBOUR, record.namespace, [name])
        for name in missed[:MAX_NAMESPACES]
    ]


async def follow(
    record: RoutingRecord,
    services: list[ServiceView],
    targets: list[AlertTarget],
    live: LiveView | None,
    named: LiveView | None,
    window: Window,
) -> Followed:
    """Return the services that the alerts name before those that are mapped; `named` is what was read since of others.

    Where nothing that they name is there, or may be seen, the mapping stays.
    """
    if not targets:
        return Followed(services, [], [], live, [])
    around = [*(live.around if live else ()), *(named.around if named else ())]
    wanted, mapped = within(record, targets), all_services(record, services)
    namespaces = visible_namespaces(record)
    things = [thing for each in around for thing in each.things(namespaces)]
    read = {name for each in around for name in each.namespaces}
    things += things_by_name(mapped, [name for name in namespaces if name not in read])
    found = choose(wanted, things, mapped, record.namespace)
    if found.not_there:
        stored = await _stored(found.not_there, namespaces, record.namespace, window)
        found = choose(wanted, [*things, *stored], mapped, record.namespace) if stored else found
    gaps = [*not_visible(record, targets), *dict.fromkeys(filter(None, map(missing, found.not_there)))]
    if not found.services:
        return Followed(services, [], [], live, gaps)
    related = with_chosen(record, services, found.services)
    fresh = [each for each in related if not any(_is_asked(each, other) for other in services)]
    views = asyncio.gather(*(view_in(each, fresh) for each in around))
    events = await window(fresh) if fresh else []
    return Followed(related, found.services, events, joined(live, await views), gaps)


async def view_in(around: Surroundings, fresh: list[ServiceView]) -> LiveView:
    """Return what was read already of services; nothing where their namespaces were not."""
    here = [each for each in fresh if around.namespaces.issuperset(each.namespaces)]
    return await around.view(here) if here else LiveView()


async def _stored(targets: Iterable[AlertTarget], namespaces: list[str], tenant: str, window: Window) -> list[Thing]:
    """Return what targets name and only the store knows: a Job whose pods were deleted, a workload that is gone."""
    asked = (
        ServiceView(name, Relation.OWN, tenant, [target.namespace] if target.namespace else namespaces)
        for target in targets
        for name in dict.fromkeys(names_told(target))
    )
    events = await window(list(islice(asked, MAX_STORED)))
    told = [event for event in events if event.object is not None and event.object.kind != "Node"]
    return list({_thing(event).subject: _thing(event) for event in told}.values())


def _thing(event: ContextEvent) -> Thing:
    workload, ref = workload_of(event), event.object
    labels = ref.labels if ref is not None else {}
    pods = frozenset({ref.name} if ref is not None and ref.kind == "Pod" else ())
    return Thing(workload, labels, names_of(labels, workload.name, event.service_name), pods)


def _is_asked(service: ServiceView, other: ServiceView) -> bool:
    """Tell whether what is to be known of a service was read with another one."""
    is_same = (service.name, service.match_labels) == (other.name, other.match_labels)
    return is_same and set(service.namespaces) <= set(other.namespaces)


def joined(live: LiveView | None, views: list[LiveView]) -> LiveView | None:
    """Return what was read before with what was read since; of a thing that both tell the first counts."""
    told = [each for each in (live, *views) if each is not None]
    if not told:
        return None
    pods = {(pod.namespace, pod.name): pod for view in reversed(told) for pod in view.pods}
    revisions = {each.subject: each for view in reversed(told) for each in view.revisions}
    nodes = {node.name: node for view in reversed(told) for node in view.nodes}
    return LiveView(
        events=[event for view in told for event in view.events],
        pods=list(pods.values()),
        gaps=list(dict.fromkeys(gap for view in told for gap in view.gaps)),
        revisions=list(revisions.values()),
        unread_services=[name for view in told for name in view.unread_services],
        nodes=list(nodes.values()),
    )
