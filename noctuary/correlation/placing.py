"""Which events and pods concern an incident's services: by label where the mapping has some, else by name."""

from collections.abc import Iterable

import msgspec

from noctuary.analyzers import registry
from noctuary.analyzers.base import Analyzer
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView, Relation, ServiceView, Subject
from noctuary.models.naming import names_of
from noctuary.models.reaching.reached import ReachedServices
from noctuary.models.service_index import ServiceIndex

KUBERNETES_SOURCE = "kubernetes"
OBSERVED_SOURCES = frozenset({KUBERNETES_SOURCE, "prometheus"})
"""What we looked at ourselves: its events are of objects, and nobody's word."""


class Placed(msgspec.Struct, frozen=True):
    """An event, the service that it concerns, and the kind of fault that it would be."""

    event: ContextEvent
    service: str
    relation: Relation
    analyzer: Analyzer

    @property
    def is_posted(self) -> bool:
        """Whether another system told it."""
        return self.event.source not in OBSERVED_SOURCES


class Placing:
    """Finds the service of an event: the first it belongs to, the incident's own before its dependencies."""

    def __init__(self, services: Iterable[ServiceView], pods: Iterable[PodView] = ()) -> None:
        self._index = ServiceIndex(sorted(services, key=lambda each: each.relation.order))
        self._reached = ReachedServices(self._index, pods)
        self._posted: dict[tuple[str, str], int] = {}
        for rank, service in enumerate(self._index.services):
            self._posted.setdefault((service.tenant, service.name), rank)

    def place(self, event: ContextEvent) -> Placed | None:
        """Return an event with its service; None when it concerns none, as an event about a node does."""
        rank = None if is_node_event(event) else self._rank(event)
        if rank is None:
            return None
        service = self._index.services[rank]
        return Placed(event, service.name, service.relation, registry.recognise(event))

    def _rank(self, event: ContextEvent) -> int | None:
        if event.source not in OBSERVED_SOURCES:
            return self._posted.get((event.tenant, event.service_name))
        if details.REACH in event.details:
            return self._reached.rank(event)
        if event.object is None:
            return self._index.rank_by_name(event.tenant, [event.service_name])
        labels = event.object.labels
        names = names_of(labels, event.service_name, workload_of(event).name)
        if not labels:  # a service's labels cannot be compared with none
            return self._index.rank_by_name(event.tenant, names)
        return self._index.rank(event.tenant, labels, names)


def pods_of(pods: Iterable[PodView], services: Iterable[ServiceView], relation: Relation) -> list[PodView]:
    """Return the pods of the incident's own services, or of its dependencies."""
    wanted = ServiceIndex(service for service in services if service.relation is relation)
    return [pod for pod in pods if wanted.names(pod)]


def workload_of(event: ContextEvent) -> Subject:
    """Return the workload an event concerns; the service's name where nothing better is known."""
    ref = event.object
    if ref is None:
        return Subject("", event.tenant, event.service_name)
    if ref.workload_name:
        return Subject(ref.workload_kind, ref.namespace, ref.workload_name)
    return Subject(ref.kind, ref.namespace, ref.name)


def is_node_event(event: ContextEvent) -> bool:
    """Tell whether an event is about a node of the cluster."""
    return event.object is not None and event.object.kind == "Node"
