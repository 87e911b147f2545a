"""A probe that asks a port that its container does not have, or speaks HTTPS to a plain one."""

from collections.abc import Iterator

from noctuary.analyzers.network.probe_port import NAME_UNKNOWN, NUMBER_UNDECLARED, SCHEME
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.specs import since
from noctuary.sources.kubernetes.specs.network import ports
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.pods import LiveContainer, LiveProbe
from noctuary.sources.kubernetes.specs.shapes import Shape

PLAIN = frozenset({"http", "web", "http-web", "http1", "http-metrics", "80", "8080"})
"""Names and numbers of ports that serve plain HTTP, as everybody takes them."""
FIELDS = {"readiness": "readinessProbe", "liveness": "livenessProbe", "startup": "startupProbe"}


def probe_port(place: Place) -> Iterator[ContextEvent]:
    """Yield what probes of pods that are not ready ask and cannot get; who is ready answers its probes."""
    for shape in place.shapes:
        owner = place.service_of_shape(shape)
        if owner is None or shape.is_ready or shape.restarted_while_ready:
            continue
        for container in shape.spec.running():
            for name, probe in _probes(container):
                if (found := _wrong(probe, container, shape)) is not None:
                    reason, asked, there = found
                    extra = {
                        details.PROBE: name,
                        details.PORT: asked,
                        details.INSTEAD: there,
                        details.CONTAINER: container.name,
                    }
                    at = _since(place, shape, container, name)
                    yield from place.report_shape(shape, owner, reason, at, extra, key=f"{container.name}/{name}")


def _probes(container: LiveContainer) -> Iterator[tuple[str, LiveProbe]]:
    known = (container.readiness_probe, container.liveness_probe, container.startup_probe)
    yield from ((name, probe) for name, probe in zip(FIELDS, known, strict=True) if probe is not None)


def _wrong(probe: LiveProbe, container: LiveContainer, shape: Shape) -> tuple[str, str, str] | None:
    """Return reason, what is asked, and what there is instead; None where nothing is wrong that can be known."""
    action = probe.http_get or probe.tcp_socket or probe.grpc
    if action is None or (probe.http_get is not None and probe.http_get.host):
        return None
    own, asked = container.ports(), action.port
    if isinstance(asked, str) and not asked.isdecimal():
        if not any(each.name == asked for each in own):
            return NAME_UNKNOWN, asked, ports.names_told(own)
    elif own and not any(each.container_port == int(asked) for each in shape.ports()):
        return NUMBER_UNDECLARED, str(asked), ports.told(each for each in own if each.protocol == "TCP")
    if probe.http_get is not None and probe.http_get.scheme == "HTTPS":
        names = {each.name for each in own if asked in (each.name, each.container_port)} | {str(asked)}
        if not PLAIN.isdisjoint(names):
            return SCHEME, str(asked), ""
    return None


def _since(place: Place, shape: Shape, container: LiveContainer, name: str) -> float:
    if shape.view is None:
        return shape.made_at
    part = since.fields(container.name, FIELDS[name], "ports")
    return since.rolled_out_at(place.found, shape.view, part) or shape.made_at
