"""Variables and arguments that name a Service, or a port of one, that does not exist."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from noctuary.analyzers.network.unknown_address import PORT_MISSING, SERVICE_MISSING
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.specs import since
from noctuary.sources.kubernetes.specs.edges import called_by, service_at
from noctuary.sources.kubernetes.specs.kinds import SERVICES
from noctuary.sources.kubernetes.specs.network.addresses import Address
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.shapes import Shape

MAX_OF_ONE = 5
"""Addresses of one shape that are told."""
COST_OF_NAMES = 4
"""Comparisons of selectors that take as long as one of two names."""
NEAR = 0.75
"""How much two names must have in common, that one may be a slip of the other."""


def unknown_address(place: Place) -> Iterator[ContextEvent]:
    """Yield what pods of the incident's services call and is not there, in namespaces that were read whole."""
    for shape in place.shapes:
        owner = place.service_of_shape(shape)
        if owner is None:
            continue
        wrong = [(each, found) for each in called_by(place, shape, place.namespace) if (found := _wrong(place, each))]
        for address, (reason, instead) in wrong[:MAX_OF_ONE]:
            extra = {
                details.ADDRESS: address.told,
                details.VARIABLE: address.variable,
                details.BACKEND: address.service,
                details.BACKEND_NAMESPACE: address.namespace if address.namespace != place.namespace else "",
                details.INSTEAD: instead,
                details.CONTAINER: address.container,
            }
            at = _since(place, shape, address)
            yield from place.report_shape(shape, owner, reason, at, extra, key=f"{address.container}/{address.told}")


def _wrong(place: Place, address: Address) -> tuple[str, str] | None:
    """Return the reason and what there is instead; None where nothing is wrong that can be known."""
    there = place.others.get(address.namespace)
    if there is None or not there.specs.knows_all(SERVICES):
        return None
    service = service_at(place, address)
    if service is None:
        near = _near(place, address, there.specs.of(SERVICES))
        return (SERVICE_MISSING, near) if address.is_sure or near else None
    ports = service.spec.ports
    if not address.port or service.is_headless or service.spec.type == "ExternalName" or not ports:
        return None
    if any(each.port == address.port for each in ports):
        return None
    return PORT_MISSING, ", ".join(str(each.port) for each in ports[:4])


def _near(place: Place, address: Address, services: list[Service]) -> str:
    """Return the Service that an address may mean; many call the same, so each name is compared once."""
    key = (address.namespace, address.service)
    if key not in place.near:
        place.work.spend(len(services) * COST_OF_NAMES)
        place.near[key] = _nearest(address.service, services)
    return place.near[key]


def _nearest(name: str, services: Iterable[Service]) -> str:
    """Return the Service whose name is most like another one, or an empty text."""
    return next(iter(get_close_matches(name, [each.metadata.name for each in services], 1, NEAR)), "")


def _since(place: Place, shape: Shape, address: Address) -> float:
    """Return when it came to be so: the variable, the argument, or the ports of the Service."""
    service = service_at(place, address)
    moved = since.written_at(service, b'"f:ports"') if service is not None else 0.0
    if shape.view is None:
        return max(moved, shape.made_at)
    is_variable = bool(address.variable)
    part = (
        since.variable(address.container, address.variable)
        if is_variable
        else since.fields(address.container, "args", "command")
    )
    told = since.rolled_out_at(place.found, shape.view, part)
    return max(moved, told or since.made_at(place.found, shape.view))
