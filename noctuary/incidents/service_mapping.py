"""From a PagerDuty service to the workloads behind it: by the integration's mapping, else by name."""

import re

import msgspec

from noctuary.incidents.choosing.visible import visible_namespaces
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.routing_record import RoutingRecord, ServiceMapping

_NOT_IN_NAMES = re.compile(r"[^a-z0-9.]+")
MAX_NAME_CHARS = 253


def resolve_services(record: RoutingRecord, service_id: str, service_name: str) -> list[ServiceView]:
    """Return the services of an incident: its own (several workloads are possible), then what they depend on."""
    mappings = own_mappings(record, service_id, service_name)
    own = [_view(record, mapping, Relation.OWN) for mapping in mappings]
    names = {view.name for view in own}
    depends_on = dict.fromkeys(name for mapping in mappings for name in mapping.depends_on if name not in names)
    return own + [_dependency(record, name, own) for name in depends_on]


def all_services(record: RoutingRecord, services: list[ServiceView]) -> list[ServiceView]:
    """Return the services of an incident, then all others that the integration maps."""
    known = {each.name for each in services}
    return services + [_view(record, each, Relation.NEIGHBOUR) for each in record.services if each.name not in known]


def with_chosen(record: RoutingRecord, services: list[ServiceView], chosen: list[ServiceView]) -> list[ServiceView]:
    """Return the services that the alerts name, then what these depend on, then the others as neighbours.

    What may not be seen any more is chosen no more; where nothing else was, the services stay as they are mapped.
    """
    visible = visible_namespaces(record)
    own = [_within(each, visible) for each in chosen if any(name in visible for name in each.namespaces)]
    if not own:
        return services
    names = {each.name for each in own}
    mapped = [each for each in record.services if each.name in names]
    told = {each.name for each in services if each.relation is Relation.DEPENDENCY}
    depends_on = ({name for each in mapped for name in each.depends_on} if mapped else told) - names
    others = [each for each in services if each.name not in names]
    missing = depends_on - {each.name for each in others}
    related = [_related(each, depends_on) for each in others] + [_dependency(record, each, own) for each in missing]
    return own + sorted(related, key=lambda each: (each.relation.order, each.name))


def _within(service: ServiceView, visible: list[str]) -> ServiceView:
    return msgspec.structs.replace(service, namespaces=[name for name in service.namespaces if name in visible])


def _related(service: ServiceView, depends_on: set[str]) -> ServiceView:
    relation = Relation.DEPENDENCY if service.name in depends_on else Relation.NEIGHBOUR
    return msgspec.structs.replace(service, relation=relation)


def own_mappings(record: RoutingRecord, service_id: str, service_name: str) -> list[ServiceMapping]:
    """Return the mappings of a PagerDuty service; a service that nobody mapped is looked for under its own name."""
    mapped = [m for m in record.services if m.pagerduty_service_id and m.pagerduty_service_id == service_id]
    if mapped:
        return mapped
    name = kubernetes_name(service_name)
    named = [m for m in record.services if not m.pagerduty_service_id and m.name in (name, service_name)]
    return named or [ServiceMapping(name=name, namespaces=[record.namespace])]


def kubernetes_name(service_name: str) -> str:
    """Return a PagerDuty service's name as a Kubernetes object would be called: `Payments API` is payments-api."""
    return _NOT_IN_NAMES.sub("-", service_name.lower()).strip("-.")[:MAX_NAME_CHARS]


def _dependency(record: RoutingRecord, name: str, own: list[ServiceView]) -> ServiceView:
    """Return a dependency as it is mapped; one that nobody mapped is looked for beside what depends on it."""
    mapping = next((m for m in record.services if m.name == name), None)
    if mapping is None:
        namespaces = list(dict.fromkeys(namespace for view in own for namespace in view.namespaces))
        closed = {namespace: why for view in own for namespace, why in view.closed.items()}
        mapping = ServiceMapping(name=name, namespaces=namespaces, closed=closed)
    return _view(record, mapping, Relation.DEPENDENCY)


def _view(record: RoutingRecord, mapping: ServiceMapping, relation: Relation) -> ServiceView:
    """Return a mapping as a service: one of no namespace is looked for in none, since none of them consents."""
    return ServiceView(
        mapping.name, relation, record.namespace, list(mapping.namespaces), mapping.match_labels, mapping.closed
    )
