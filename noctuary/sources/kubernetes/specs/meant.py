"""Which pods a Service seems meant for when its selector does not find them, and what keeps it from them."""

from collections.abc import Mapping
from typing import NamedTuple

from noctuary.models.diagnosis import ServiceView
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.shapes import Shape

SUFFIXES = ("-svc", "-service", "-headless", "-srv", "-lb", "-external", "-internal")
"""What people add to a workload's name to call its Service."""
MADE_LABELS = frozenset(
    {
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
    }
)
"""What controllers mark pods with: whoever selects by it means one template, or one pod."""
MAX_SELECTOR = 20
"""Labels that a Service selects by and that are compared."""


class Meant(NamedTuple):
    """Whose a Service is, and the pods that it seems meant for, as far as any are like them."""

    service: ServiceView
    shape: Shape | None


def plain_name(name: str) -> str:
    """Return the name of a Service without what only says that it is one."""
    return next((name.removesuffix(each) for each in SUFFIXES if name.endswith(each) and name != each), name)


def whose(place: Place, service: Service) -> Meant | None:
    """Return whom a Service is meant for: by its own labels and name, by its selector, else by the nearest pods."""
    nearest = _nearest(place, service)
    name = service.metadata.name
    found = place.service_of(service.metadata.labels, name, plain_name(name)) or place.service_of(
        service.spec.selector, *service.spec.selector.values()
    )
    if found is None and nearest is not None:
        found = place.service_of_shape(nearest)
    found = found or place.service_named(name, plain_name(name))
    return Meant(found, nearest) if found is not None else None


def difference(selector: Mapping[str, str], shape: Shape) -> tuple[str, str]:
    """Return what a selector asks for and pods do not carry, and what they carry instead: `tier=back`, `tier=front`."""
    asked = {name: value for name, value in selector.items() if shape.labels.get(name) != value}
    carried = {name: shape.labels[name] for name in asked if name in shape.labels}
    return told(asked), told(carried)


def told(labels: Mapping[str, str]) -> str:
    """Return labels as a selector writes them."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items())[:MAX_SELECTOR])


def _nearest(place: Place, service: Service) -> Shape | None:
    """Return the shape that most of a selector finds, or that is called as the Service is."""
    names = {service.metadata.name, plain_name(service.metadata.name)}
    selector = dict(sorted(service.spec.selector.items())[:MAX_SELECTOR])
    ranked = [
        (sum(shape.labels.get(name) == value for name, value in selector.items()), shape.workload in names, index)
        for index, shape in enumerate(place.shapes)
    ]
    best = max(ranked, key=lambda each: (each[1], each[0], -each[2]), default=(0, False, 0))
    return place.shapes[best[2]] if best[0] or best[1] else None
