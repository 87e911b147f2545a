"""Who calls whom, as far as specs tell: by addresses in variables and arguments, by routes, by selectors. Pure."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

from noctuary.models.diagnosis import Subject
from noctuary.models.reaching.edges import BY_ADDRESS, BY_ROUTE, BY_SELECTOR, Edge
from noctuary.sources.kubernetes.specs.kinds import HTTP_ROUTES, INGRESSES, SERVICES
from noctuary.sources.kubernetes.specs.network.addresses import Address, addresses_of
from noctuary.sources.kubernetes.specs.network.ports import number_of, target_of
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.shapes import Shape
from noctuary.sources.kubernetes.specs.work import TooMuchWork

MAX_EDGES = 2000
"""Of one namespace: more are no topology but somebody's generator."""


class Call(NamedTuple):
    """Pods that call others, through a Service; `port` is the container's (0: not told), `protocol` its own."""

    caller: Shape
    namespace: str
    """The caller's."""
    address: Address
    service: Service
    called: Shape
    port: int
    protocol: str


def edges_of(place: Place) -> list[Edge]:
    """Return the edges that begin in a namespace, each once; those that lead to nothing are none."""
    found: dict[Edge, None] = {}
    with suppress(TooMuchWork):  # what was found so far is true
        for edge in _edges(place):
            if len(found) >= MAX_EDGES:
                break
            found.setdefault(edge)
    return list(found)


def _edges(place: Place) -> Iterator[Edge]:
    for shape in place.shapes:
        caller = Subject(shape.kind, place.namespace, shape.workload)
        for address in called_by(place, shape, place.namespace):
            if service_at(place, address) is not None:
                called = Subject("Service", address.namespace, address.service)
                yield Edge(caller, called, BY_ADDRESS, address.port)
    for kind, routes in (("Ingress", place.specs.of(INGRESSES)), ("HTTPRoute", place.specs.of(HTTP_ROUTES))):
        for route in routes:
            for backend in route.backends():
                if place.service_at(place.namespace, backend.service) is not None:
                    called = Subject("Service", place.namespace, backend.service)
                    yield Edge(Subject(kind, place.namespace, route.metadata.name), called, BY_ROUTE, backend.port)
    for service in place.specs.of(SERVICES):
        for shape in place.selected(service.spec.selector) if service.leads_to_pods else ():
            called = Subject(shape.kind, place.namespace, shape.workload)
            yield Edge(Subject("Service", place.namespace, service.metadata.name), called, BY_SELECTOR)


def called_by(place: Place, shape: Shape, namespace: str) -> list[Address]:
    """Return what pods of a shape are told to call; on the host's network they may not know the cluster's names."""
    known = place.told_addresses.get(id(shape))
    if known is None:
        known = place.told_addresses[id(shape)] = list(_told_to(shape, namespace, place.others))
    return known


def _told_to(shape: Shape, namespace: str, others: Collection[str]) -> Iterator[Address]:
    if shape.spec.host_network:
        return
    aliases = shape.spec.aliases()
    for container in (*shape.spec.init_containers, *shape.spec.containers):
        for address in addresses_of(container, namespace, others):
            if address.told.partition(":")[0] not in aliases:
                yield address


def service_at(place: Place, address: Address) -> Service | None:
    """Return the Service of an address; None where it does not exist, or its namespace was not read."""
    return place.service_at(address.namespace, address.service)


def calls(place: Place) -> Iterator[Call]:
    """Yield the calls between pods of the namespaces that were read, those from or to this one."""
    for name in place.others:
        for shape in place.shapes_in(name):
            for address in called_by(place, shape, name):
                service = service_at(place, address)
                if place.namespace in (name, address.namespace) and service is not None and service.leads_to_pods:
                    yield from _to_pods(place, Call(shape, name, address, service, shape, 0, "TCP"))


def _to_pods(place: Place, call: Call) -> Iterator[Call]:
    """Yield a call for each shape behind its Service, to the port that the Service leads it to."""
    ports = call.service.spec.ports
    port = next((each for each in ports if each.port == call.address.port), ports[0] if len(ports) == 1 else None)
    for shape in place.selected(call.service.spec.selector, call.address.namespace):
        place.work.spend(1)
        if port is None or call.service.is_headless:
            yield call._replace(called=shape, port=call.address.port)
        else:
            number = number_of(shape, target_of(port), port.protocol)
            yield call._replace(called=shape, port=number, protocol=port.protocol)
