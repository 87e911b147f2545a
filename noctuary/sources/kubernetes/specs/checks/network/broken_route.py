"""An Ingress or HTTPRoute to a Service or port that does not exist, or of a class that no controller serves."""

from collections.abc import Iterator

from noctuary.analyzers.network.broken_route import CLASS_MISSING, PORT_MISSING, SERVICE_MISSING
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import ServiceView
from noctuary.sources.kubernetes.specs import since
from noctuary.sources.kubernetes.specs.kinds import HTTP_ROUTES, INGRESS_CLASSES, INGRESSES, SERVICES
from noctuary.sources.kubernetes.specs.meant import plain_name
from noctuary.sources.kubernetes.specs.network.routes import Backend, HTTPRoute, Ingress
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.specs.place import Place

BY_ANNOTATION = "use-annotation"
"""A port of this name is none: the controller of AWS reads an annotation for where such a path leads."""


def broken_route(place: Place) -> Iterator[ContextEvent]:
    """Yield what routes of the incident's services lead to and is not there."""
    services = {each.metadata.name: each for each in place.specs.of(SERVICES)}
    routes: list[tuple[str, Ingress | HTTPRoute]] = [
        *(("Ingress", each) for each in place.specs.of(INGRESSES)),
        *(("HTTPRoute", each) for each in place.specs.of(HTTP_ROUTES)),
    ]
    for kind, route in routes:
        owner = _owner(place, route, services)
        if owner is None or route.metadata.deletion_timestamp is not None:
            continue
        written = since.written(route, b'"f:spec"')
        for backend in dict.fromkeys(route.backends()) if place.specs.knows_all(SERVICES) else ():
            if (found := _wrong(backend, services.get(backend.service))) is not None:
                reason, moved, instead = found
                extra = {
                    details.BACKEND: backend.service,
                    details.PORT: str(backend.port),
                    details.INSTEAD: instead,
                    details.WRITTEN_BY: max(written, moved).manager,
                }
                ref, key = place.ref_of(kind, route), f"{backend.service}:{backend.port}"
                yield place.report_on(ref, owner, reason, max(written, moved).at, extra, key)
        if isinstance(route, Ingress) and (name := _missing_class(place, route)):
            yield place.report(route, kind, owner, CLASS_MISSING, written, {details.BACKEND: name})


def _owner(place: Place, route: Ingress | HTTPRoute, services: dict[str, Service]) -> ServiceView | None:
    """Return whose a route is: of the pods that it reaches, by its own labels and name, or by what it names."""
    names = [each.service for each in route.backends()]
    for name in names:
        for shape in place.selected(services[name].spec.selector) if name in services else ():
            if (found := place.service_of_shape(shape)) is not None:
                return found
    own = place.service_of(route.metadata.labels, route.metadata.name)
    return own or place.service_named(*names, *map(plain_name, names))


def _wrong(backend: Backend, service: Service | None) -> tuple[str, since.Since, str] | None:
    """Return the reason, since when at least, and what there is instead; None where nothing is wrong."""
    if backend.port == BY_ANNOTATION:
        return None
    if service is None:
        return SERVICE_MISSING, since.Since(0.0), ""
    ports = service.spec.ports
    if not backend.port or any(backend.port in (each.port, each.name) for each in ports):
        return None
    is_number = isinstance(backend.port, int)
    there = ", ".join(str(each.port) if is_number else each.name or str(each.port) for each in ports[:4])
    return PORT_MISSING, since.written(service, b'"f:ports"'), there


def _missing_class(place: Place, ingress: Ingress) -> str:
    """Return the class that nobody made; controllers of clusters without any class go by the name alone."""
    classes = {each.metadata.name for each in place.cluster.of(INGRESS_CLASSES)}
    name = ingress.spec.ingress_class_name or ""
    return name if classes and name not in classes and place.cluster.knows_all(INGRESS_CLASSES) else ""
