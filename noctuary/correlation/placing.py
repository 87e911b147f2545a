"""Which events and pods concern an incident's services: by label where the mapping has some, else by name."""

from collections.abc import Iterable

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import PodView, Relation, ServiceView, Subject
from noctuary.models.naming import names_of

KUBERNETES_SOURCE = "kubernetes"


class Placed(msgspec.Struct, frozen=True):
    """An event and the service that it concerns."""

    event: ContextEvent
    service: str
    relation: Relation

    @property
    def is_posted(self) -> bool:
        """Whether another system told it."""
        return self.event.source != KUBERNETES_SOURCE


def place(event: ContextEvent, services: Iterable[ServiceView]) -> Placed | None:
    """Return an event with the first service it belongs to, the incident's own before its dependencies."""
    if is_node_event(event):
        return None
    for service in sorted(services, key=lambda s: s.relation is not Relation.OWN):
        if _belongs(event, service):
            return Placed(event, service.name, service.relation)
    return None


def pods_of(pods: Iterable[PodView], services: Iterable[ServiceView], relation: Relation) -> list[PodView]:
    """Return the pods of the incident's own services, or of its dependencies."""
    wanted = [service for service in services if service.relation is relation]
    return [pod for pod in pods if any(is_pod_of(pod, service) for service in wanted)]


def is_pod_of(pod: PodView, service: ServiceView) -> bool:
    """Tell whether a pod belongs to a service."""
    if pod.namespace not in service.namespaces:
        return False
    if service.match_labels:
        return service.match_labels.items() <= pod.labels.items()
    return service.name in names_of(pod.labels, pod.service, pod.workload or pod.name)


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


def _belongs(event: ContextEvent, service: ServiceView) -> bool:
    if event.source != KUBERNETES_SOURCE or event.object is None:
        tenants = service.namespaces if event.source == KUBERNETES_SOURCE else [service.tenant]
        return event.tenant in tenants and event.service_name == service.name
    if event.tenant not in service.namespaces:
        return False
    if service.match_labels and event.object.labels:
        return service.match_labels.items() <= event.object.labels.items()
    return service.name in names_of(event.object.labels, event.service_name, workload_of(event).name)
