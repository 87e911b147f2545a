"""A Service that leads to a port that its pods do not have: by a name that none has, a number or a protocol."""

from collections.abc import Iterator

from noctuary.analyzers.network.service_port import NAME_UNKNOWN, NUMBER_UNDECLARED, OTHER_PROTOCOL
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.specs import since
from noctuary.sources.kubernetes.specs.kinds import SERVICES
from noctuary.sources.kubernetes.specs.network import ports
from noctuary.sources.kubernetes.specs.objects import Service, ServicePort
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.pods import ContainerPort
from noctuary.sources.kubernetes.specs.shapes import Shape

COST_OF_PORTS = 4
"""Comparisons of selectors that take as long as reading the declared ports of pods once."""


def service_port(place: Place) -> Iterator[ContextEvent]:
    """Yield for each Service of the incident's pods the first port that leads nowhere.

    Of a workload whose pods run several templates, each must be without it: the newest may only add a port.
    """
    services = [each for each in place.specs.of(SERVICES) if each.leads_to_pods]
    for each in services:
        shapes = place.selected(each.spec.selector)
        owner = next((found for shape in shapes if (found := place.service_of_shape(shape)) is not None), None)
        if owner is None or each.metadata.deletion_timestamp is not None:
            continue
        for port in each.spec.ports:
            place.work.spend(COST_OF_PORTS * len(shapes))
            reasons = {_wrong(place, port, each, shape, services) for shape in shapes}
            if len(reasons) == 1 and (reason := reasons.pop()):
                at = since.written(each, b'"f:ports"')
                at = since.later(at, place.found, [shape.view for shape in shapes], since.all_fields("ports"))
                yield place.report(each, "Service", owner, reason, at, _told(port, shapes[0], reason))
                break


def _wrong(place: Place, port: ServicePort, service: Service, shape: Shape, services: list[Service]) -> str:
    """Return what is wrong with where a port leads for pods of one shape; empty: nothing that can be known."""
    target, declared = ports.target_of(port), shape.ports()
    if isinstance(target, str):
        if any((each.name, each.protocol) == (target, port.protocol) for each in declared):
            return ""
        return OTHER_PROTOCOL if any(each.name == target for each in declared) else NAME_UNKNOWN
    there = {(each.container_port, each.protocol) for each in declared}
    if (target, port.protocol) in there or shape.spec.host_network:
        return ""
    if any(number == target for number, _ in there):
        return OTHER_PROTOCOL
    is_listening = shape.is_ready and target in ports.probed(shape)
    return "" if is_listening or not _is_misled(place, port, service, shape, services) else NUMBER_UNDECLARED


def _is_misled(place: Place, port: ServicePort, service: Service, shape: Shape, services: list[Service]) -> bool:
    """Tell whether a number that no container declares is most likely wrong: many listen on what they never declare.

    It is where a declared port is left over that no Service leads to, or another Service leads the same port to one.
    """
    declared = {(e.container_port, e.protocol) for e in _own_ports(shape) if e.protocol == port.protocol}
    used: set[tuple[int, str]] = set()
    place.work.spend(len(services))
    for each in services:
        if each.spec.selector.items() <= shape.labels.items():
            place.work.spend(COST_OF_PORTS * len(each.spec.ports))
            leads_to = ports.numbers_of(each, shape)
            used |= leads_to
            is_sibling = each is not service and any(own.port == port.port for own in each.spec.ports)
            if is_sibling and leads_to & declared:
                return True
    return bool(declared - used)


def _own_ports(shape: Shape) -> list[ContainerPort]:
    """Return the ports of its first container: what stands beside it, such as a mesh's proxy, has ports of its own."""
    first = next((each.ports() for each in shape.spec.containers if each.ports()), None)
    return first or []


def _told(port: ServicePort, shape: Shape, reason: str) -> dict[str, str]:
    target, declared = ports.target_of(port), shape.ports()
    same = [each for each in declared if target in (each.name, each.container_port)]
    there = ports.names_told(declared) if isinstance(target, str) else ports.told(declared)
    if reason == OTHER_PROTOCOL:
        there = "/".join([str(target), same[0].protocol])
    asked = f"{target}/{port.protocol}" if reason == OTHER_PROTOCOL else ports.with_protocol(target, port.protocol)
    return {details.PORT: asked, details.INSTEAD: there, details.WORKLOAD: shape.workload}
