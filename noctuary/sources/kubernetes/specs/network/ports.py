"""Ports of containers as Services, probes and policies name them: by number or name."""

from collections.abc import Iterable

from noctuary.sources.kubernetes.specs.objects import Service, ServicePort
from noctuary.sources.kubernetes.specs.pods import ContainerPort
from noctuary.sources.kubernetes.specs.shapes import Shape

MAX_TOLD = 4
"""Ports that are named; more are a list to read."""


def target_of(port: ServicePort) -> int | str:
    """Return where a port of a Service leads to: to its own number where it names no target."""
    target = port.target_port or port.port
    return int(target) if isinstance(target, str) and target.isascii() and target.isdecimal() else target


def number_of(shape: Shape, target: int | str, protocol: str) -> int:
    """Return the number of the container's port that a target leads to; 0: of a name that no container has."""
    if isinstance(target, int):
        return target
    named = (each.container_port for each in shape.ports() if (each.name, each.protocol) == (target, protocol))
    return next(named, 0)


def told(ports: Iterable[ContainerPort]) -> str:
    """Return declared ports as a note names them, each once: `8080, 53/UDP`."""
    found = dict.fromkeys(with_protocol(port.container_port, port.protocol) for port in ports)
    return ", ".join(list(found)[:MAX_TOLD])


def names_told(ports: Iterable[ContainerPort]) -> str:
    """Return the names of declared ports, by number those that have none."""
    return ", ".join(list(dict.fromkeys(port.name or str(port.container_port) for port in ports))[:MAX_TOLD])


def with_protocol(port: int | str, protocol: str) -> str:
    """Return a port, with its protocol where that is not the usual one."""
    return str(port) if protocol == "TCP" else f"{port}/{protocol}"


def probed(shape: Shape) -> set[int]:
    """Return the ports that probes of its containers ask: whoever is ready listens there."""
    asked: set[int] = set()
    for container in shape.spec.running():
        for probe in (container.readiness_probe, container.liveness_probe, container.startup_probe):
            action = probe and (probe.http_get or probe.tcp_socket or probe.grpc)
            if action and (number := number_of(shape, action.port, "TCP")):
                asked.add(number)
    return asked


def numbers_of(service: Service, shape: Shape) -> set[tuple[int, str]]:
    """Return the container ports that a Service leads to, with their protocols."""
    return {(number_of(shape, target_of(port), port.protocol), port.protocol) for port in service.spec.ports}
