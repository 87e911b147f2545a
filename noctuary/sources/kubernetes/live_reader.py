"""The live view as correlation reads it: the faults and pods of an incident's services, as they are now."""

import asyncio
from collections.abc import Collection, Iterable

import msgspec

from noctuary.common.clock import now as wall_clock
from noctuary.common.errors import KubernetesError, KubernetesUnavailable, is_refusal
from noctuary.common.text import plural
from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import Limits, LiveReader, LiveView, NodeReader
from noctuary.models.node_view import NodeView
from noctuary.sources.kubernetes.live import MAX_NODES, join_views, read_nodes, view_nodes
from noctuary.sources.kubernetes.live_namespace import Namespace, Reading, read_cluster, read_namespace
from noctuary.sources.kubernetes.specs.reading import NOTHING_READ
from noctuary.sources.kubernetes.surroundings.namespaces import REFUSED, SLOW, ReadNamespaces, nodes_reader

MAX_NAMESPACES = 50
"""Of one look: as many as an integration may map services; all services of one namespace share its lists."""
MAX_SPECS_NAMESPACES = 8
"""Whose specs are read, the nearest first: they are a dozen kinds each, and tell less than what runs."""
MAX_NAMED = 5
"""Services that a sentence names; of more the number tells enough."""
MAX_OBJECTS = 1000
"""Objects of one kind in one namespace that are read: a note about more would say no more."""
LISTS_AT_ONCE = 16
"""Requests that run side by side: more only wait in the API server's own queue."""
NAMESPACES_S = 0.75
"""For the namespaces: the whole view must be there within the second that the note promises."""
NODES_UNSEEN = "nodes, because this release watches single namespaces and nodes belong to none"


def make_live_reader(
    kube: KubeClient,
    watched: Collection[str] = (),
    max_objects: int = MAX_OBJECTS,
    namespaces_s: float = NAMESPACES_S,
    *,
    reads_specs: bool = True,
) -> LiveReader:
    """Return the reader over one API server connection; with `watched` it asks in these namespaces only.

    Without `reads_specs` it asks for nothing but what runs, and says nothing of the rest.
    """

    async def read(services: list[ServiceView]) -> LiveView | None:
        """Read the services side by side; raises KubernetesError when the incident's own cannot be read."""
        seen = [view for service in services if (view := _within(service, watched)).namespaces]
        own_first = sorted(seen, key=lambda service: service.relation.order)
        if not seen:
            return None
        reading = Reading(kube, asyncio.Semaphore(LISTS_AT_ONCE), max_objects, namespaces_s, reads_specs, not watched)
        return await _read(reading, own_first, sees_cluster=not watched)

    return read


def make_node_reader(kube: KubeClient, watched: Collection[str] = ()) -> NodeReader | None:
    """Return what reads nodes that no pod of a service is on any more; None where nodes are not ours to see."""

    async def read(names: list[str]) -> list[NodeView]:
        return view_nodes(await read_nodes(kube, names[:MAX_NODES]), wall_clock()).nodes

    return None if watched else read


def make_limits(watched: Collection[str]) -> Limits:
    """Return what says which parts of the cluster are never looked at by a release that watches these namespaces."""

    def limits(services: list[ServiceView]) -> list[str]:
        if not watched:
            return []
        unseen = sorted({name for service in services for name in service.namespaces if name not in watched})
        return [NODES_UNSEEN, *(f"namespace {name}, because this release does not watch it" for name in unseen)]

    return limits


def _within(service: ServiceView, watched: Collection[str]) -> ServiceView:
    if not watched:
        return service
    return msgspec.structs.replace(service, namespaces=[name for name in service.namespaces if name in watched])


async def _read(reading: Reading, services: list[ServiceView], *, sees_cluster: bool) -> LiveView:
    known = list(dict.fromkeys(name for service in services for name in service.namespaces))
    names, left_out = known[:MAX_NAMESPACES], set(known[MAX_NAMESPACES:])
    parts = {name: Namespace(name) for name in names}
    tasks = {
        name: asyncio.create_task(
            read_namespace(reading, part, _in(name, services), with_specs=place < MAX_SPECS_NAMESPACES)
        )
        for place, (name, part) in enumerate(parts.items())
    }
    cluster = asyncio.create_task(read_cluster(reading, is_seen=sees_cluster))
    try:
        await asyncio.wait([*tasks.values(), cluster], timeout=reading.within_s)
        found, failed = _sort(parts, tasks, reading.within_s)
        specs = cluster.result() if cluster.done() else NOTHING_READ
    finally:
        for task in (*tasks.values(), cluster):
            task.cancel()
        await asyncio.gather(*tasks.values(), cluster, return_exceptions=True)  # none fails unheard
    _raise_of_own(services, failed)
    around = ReadNamespaces(found, specs, nodes_reader(reading.kube) if sees_cluster else None)
    view = await around.view(services)
    gaps = [*_failures(services, failed), *_cuts(around.cut(services), reading.max_objects)]
    gaps += [*_left_out(services, left_out), *_without_specs(reading, names)]
    return join_views([view, LiveView(gaps=gaps, around=(around,))])


def _in(namespace: str, services: Iterable[ServiceView]) -> list[ServiceView]:
    return [service for service in services if namespace in service.namespaces]


def _sort(
    parts: dict[str, Namespace], tasks: dict[str, asyncio.Task[None]], within_s: float
) -> tuple[list[Namespace], dict[str, KubernetesError]]:
    """Tell what was read from what failed or is not there yet; other errors than the API server's are raised."""
    failed: dict[str, KubernetesError] = {}
    for name, task in tasks.items():
        if not task.done():
            if not parts[name].is_told:
                failed[name] = KubernetesUnavailable(0, "TooSlow", f"{name} was not read within {within_s} s")
            continue
        try:
            task.result()
        except KubernetesError as error:
            failed[name] = error
    return [part for name, part in parts.items() if name not in failed], failed


def _raise_of_own(services: list[ServiceView], failed: dict[str, KubernetesError]) -> None:
    """Raise why nothing of the incident's own services was read; where a part was, that is told."""
    own = dict.fromkeys(name for each in services if each.relation is Relation.OWN for name in each.namespaces)
    if own and all(name in failed for name in own):
        raise failed[next(iter(own))]


def _failures(services: list[ServiceView], failed: dict[str, KubernetesError]) -> list[str]:
    """Say which services could not be read; the others still show something."""
    gaps = []
    for why, is_meant in ((REFUSED, True), (SLOW, False)):
        namespaces = {name for name, error in failed.items() if is_refusal(error) is is_meant}
        names = [service.name for service in services if namespaces & set(service.namespaces)]
        if names:
            gaps.append(f"{_listed(names)} as {_they_are(names)} now, because {why}")
    return gaps


def _cuts(names: list[str], max_objects: int) -> list[str]:
    if not names:
        return []
    what = f"all of {_listed(names)} as {_they_are(names)} now"
    return [f"{what}: only the first {max_objects} objects of one kind were read, or 4 MB of them"]


def _left_out(services: list[ServiceView], namespaces: set[str]) -> list[str]:
    names = [service.name for service in services if namespaces & set(service.namespaces)]
    if not names:
        return []
    return [f"{_listed(names)} as {_they_are(names)} now: {MAX_NAMESPACES} namespaces are read at most"]


def _without_specs(reading: Reading, names: list[str]) -> list[str]:
    more = len(names) - MAX_SPECS_NAMESPACES
    if more <= 0 or not reading.reads_specs:
        return []
    what = f"what Services, Ingresses and the like of {plural(more, 'namespace')} refer to"
    return [f"{what}: of {MAX_SPECS_NAMESPACES} it is read"]


def _listed(names: list[str]) -> str:
    shown = names if len(names) <= MAX_NAMED else [*names[: MAX_NAMED - 1], f"{len(names) - MAX_NAMED + 1} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _they_are(names: list[str]) -> str:
    return "it is" if len(names) == 1 else "they are"
