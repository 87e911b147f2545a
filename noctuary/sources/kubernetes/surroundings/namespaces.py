"""The namespaces that one look read, and what they show of services: of those asked for, and of others later."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from noctuary.common.clock import now as wall_clock
from noctuary.common.errors import KubernetesError, is_refusal
from noctuary.common.text import plural
from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import ServiceView
from noctuary.models.live_view import LiveView, Thing
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.live import MAX_NODES, join_views, nodes_of, read_nodes, view_namespace, view_nodes
from noctuary.sources.kubernetes.live_namespace import Member, Namespace, members_of
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.reading import NOTHING_READ, Specs
from noctuary.sources.kubernetes.specs.registry import gaps_of, view_beside
from noctuary.sources.kubernetes.surroundings.suspect_nodes import suspect_nodes, with_suspects
from noctuary.sources.kubernetes.surroundings.things import things_of

NODES_S = 0.15
"""For the nodes, which come after the pods that tell them."""
REFUSED = "the API server refuses to show it"
SLOW = "the API server did not answer in time"

NodesOf = Callable[[list[Member], float], Awaitable[LiveView]]
"""Reads the nodes that pods are on; the time is of the look."""


class ReadNamespaces:
    """Namespaces as they were read at one moment; `nodes` None: nodes are not ours to see."""

    def __init__(self, found: list[Namespace], cluster: Specs, nodes: NodesOf | None) -> None:
        self._found = found
        self._cluster = cluster
        self._nodes = nodes
        self._now = wall_clock()

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that were read."""
        return frozenset(each.name for each in self._found)

    def things(self, namespaces: Iterable[str]) -> list[Thing]:
        """Return all that was read in some of the namespaces."""
        wanted = set(namespaces)
        return [thing for each in self._found if each.name in wanted for thing in things_of(each)]

    async def view(self, services: list[ServiceView]) -> LiveView:
        """Return what the namespaces show of services and of their pods' nodes; others get their turn in between."""
        index = ServiceIndex(services)
        views: list[LiveView] = [LiveView(gaps=list(gaps_of(self._cluster)))]
        others = {each.name: each for each in self._found}
        views.append(LiveView(gaps=self._without_specs()))
        members: list[Member] = []
        for namespace in self._found:
            here = members_of(namespace, index)
            views.append(view_namespace(namespace, index, here, self._now))
            place = Place(namespace, _told_specs(namespace), index, here, self._now, self._cluster, others)
            views.append(await view_beside(place))
            members += here
            await asyncio.sleep(0)
        nodes = await self._nodes(members, self._now) if self._nodes is not None else LiveView()
        views.append(with_suspects(nodes, suspect_nodes(self._found, members, self._now)))
        unread = [service.name for service in services if not self._is_whole(service)]
        return join_views([*views, LiveView(unread_services=unread)])

    def cut(self, services: Iterable[ServiceView]) -> list[str]:
        """Return the names of services of which there may be more than was read."""
        return [each.name for each in services if any(part.is_cut(each) for part in self._of(each))]

    def _without_specs(self) -> list[str]:
        """Say of how many namespaces no specs came in time, in one sentence."""
        count = sum(_is_without_specs(each) for each in self._found)
        what = f"what Services, Ingresses and the like of {plural(count, 'namespace')} refer to"
        return [f"{what}, because {SLOW}"] if count else []

    def _is_whole(self, service: ServiceView) -> bool:
        """Tell whether all pods of a service were read, so that one that is missing is gone."""
        parts = self._of(service)
        return len(parts) == len(service.namespaces) and not any(each.is_cut(service) for each in parts)

    def _of(self, service: ServiceView) -> list[Namespace]:
        return [each for each in self._found if each.name in service.namespaces]


def _is_without_specs(namespace: Namespace) -> bool:
    return bool(namespace.specs.failed) and not namespace.specs.lists


def _told_specs(namespace: Namespace) -> Specs:
    """Return the specs of a namespace; of none that were read nothing is said one by one."""
    return NOTHING_READ if _is_without_specs(namespace) else namespace.specs


def nodes_reader(kube: KubeClient) -> NodesOf:
    """Return what reads the nodes of pods, of the incident's own first; the pods are worth telling without them."""

    async def read(members: list[Member], now: float) -> LiveView:
        names = nodes_of(members)
        wanted = names[:MAX_NODES]
        gaps = (
            [f"{len(names) - MAX_NODES} of the {len(names)} nodes that pods run on"] if len(names) > MAX_NODES else []
        )
        try:
            async with asyncio.timeout(NODES_S):
                view = view_nodes(await read_nodes(kube, wanted), now)
        except (KubernetesError, TimeoutError) as error:
            refused = isinstance(error, KubernetesError) and is_refusal(error)
            return LiveView(gaps=[f"nodes, because {REFUSED if refused else SLOW}"])
        return LiveView(view.events, nodes=view.nodes, gaps=gaps)

    return read
