"""A Service that selects only the old pods of a workload, because a rollout changed their labels."""

from collections.abc import Iterator

from noctuary.analyzers.network.drifted_service import MISSES_NEW_PODS
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.specs import meant, since
from noctuary.sources.kubernetes.specs.kinds import SERVICES
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.shapes import Shape


def drifted_service(place: Place) -> Iterator[ContextEvent]:
    """Yield each Service that finds pods of a workload, and not what its template makes.

    One that selects by the hash of a template means to: those who roll out by switching Services do so.
    """
    for each in place.specs.of(SERVICES):
        selector = each.spec.selector
        if not each.leads_to_pods or not meant.MADE_LABELS.isdisjoint(selector):
            continue
        shapes = place.selected(selector)
        left = next((shape for shape in shapes if shape.pods and _is_left(shape, selector)), None)
        owner = place.service_of_shape(left) if left is not None else None
        if left is None or left.view is None or owner is None or place.workloads_of(selector):
            continue
        carried = {name: left.view.labels[name] for name in selector if name in left.view.labels}
        extra = {
            details.SELECTOR: meant.told(dict(selector.items() - left.view.labels.items())),
            details.INSTEAD: meant.told(dict(carried.items() - selector.items())),
            details.WORKLOAD: left.workload,
        }
        at = since.later(since.written(each, b'"f:selector"'), place.found, [left.view], since.labels(*selector))
        yield place.report(each, "Service", owner, MISSES_NEW_PODS, at, extra)


def _is_left(shape: Shape, selector: dict[str, str]) -> bool:
    """Tell whether pods carry what the template of their workload does not any more."""
    return shape.view is not None and not selector.items() <= shape.view.labels.items()
