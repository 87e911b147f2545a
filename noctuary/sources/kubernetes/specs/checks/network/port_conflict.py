"""Pods that are not ready and want a port that another container, or another pod of the node, wants as well."""

from collections import defaultdict
from collections.abc import Iterator

from noctuary.analyzers.network.port_conflict import HOST_PORT_TAKEN, PORT_TWICE
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import ServiceView
from noctuary.sources.kubernetes.containers.pod_parts import condition_of
from noctuary.sources.kubernetes.specs.network import ports
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.shapes import Shape

_Port = tuple[int, str]


def port_conflict(place: Place) -> Iterator[ContextEvent]:
    """Yield ports that two want; who is ready has got its own."""
    for shape in place.shapes:
        owner = place.service_of_shape(shape) if shape.pods and not shape.is_ready else None
        if owner is not None:
            yield from _twice(place, shape, owner)
            yield from _taken(place, shape, owner)


def _twice(place: Place, shape: Shape, owner: ServiceView) -> Iterator[ContextEvent]:
    """Containers of a pod share its network; one may declare a port twice by two names, and serve it once."""
    holders: dict[_Port, list[str]] = defaultdict(list)
    for container in shape.spec.running():
        for number, protocol in {(each.container_port, each.protocol) for each in container.ports()}:
            holders[number, protocol].append(container.name)
    for (number, protocol), names in holders.items():
        if len(names) > 1:
            told = ports.with_protocol(number, protocol)
            extra = {details.PORT: told, details.INSTEAD: ",".join(names)}
            yield from place.report_shape(shape, owner, PORT_TWICE, shape.made_at, extra, key=told)


def _taken(place: Place, shape: Shape, owner: ServiceView) -> Iterator[ContextEvent]:
    """Only of pods that find no node: those of two workloads may well be on different ones."""
    waiting = any((each := condition_of(pod.status, "PodScheduled")) and each.status == "False" for pod in shape.pods)
    if not waiting:
        return
    wanted = _host_ports(shape)
    for other in place.shapes:
        both = wanted & _host_ports(other)
        if both and (other.kind, other.workload) != (shape.kind, shape.workload) and other.pods:
            number, protocol = min(both)
            told = ports.with_protocol(number, protocol)
            extra = {details.PORT: told, details.WORKLOAD: other.workload}
            yield from place.report_shape(shape, owner, HOST_PORT_TAKEN, shape.made_at, extra, key=told)
            return


def _host_ports(shape: Shape) -> set[_Port]:
    """Return the ports of the node that pods want: on the host's network those that they listen on."""
    of_host = ((p.host_port or (p.container_port if shape.spec.host_network else 0), p.protocol) for p in shape.ports())
    return {(number, protocol) for number, protocol in of_host if number}
