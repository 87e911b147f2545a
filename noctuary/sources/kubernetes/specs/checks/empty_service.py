"""A Service whose selector finds no pod, while workloads that it seems meant for run."""

from collections.abc import Iterator

from noctuary.analyzers.specs.empty_service import SELECTS_NOTHING
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.specs import meant, since
from noctuary.sources.kubernetes.specs.kinds import SERVICES
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.specs.place import Place


def empty_service(place: Place) -> Iterator[ContextEvent]:
    """Yield each Service of the incident's that selects neither a pod nor a workload's template.

    One that selects by what controllers mark single pods or templates with is moved by them.
    """
    for each in place.specs.of(SERVICES):
        is_kept = each.metadata.deletion_timestamp is None and meant.MADE_LABELS.isdisjoint(each.spec.selector)
        if is_kept and each.leads_to_pods and _selects_nothing(place, each):
            found = meant.whose(place, each)
            if found is not None:
                view = found.shape.view if found.shape is not None else None
                at = since.written(each, b'"f:selector"')
                at = since.later(at, place.found, [view], since.labels(*each.spec.selector))
                yield place.report(each, "Service", found.service, SELECTS_NOTHING, at, _told(each, found))


def _selects_nothing(place: Place, service: Service) -> bool:
    """Tell whether no pod is selected: where not all were read, empty EndpointSlices show it.

    A workload at zero replicas, or of which all pods are pending, is selected all the same.
    """
    selector = service.spec.selector
    if place.selected(selector) or place.workloads_of(selector):
        return False
    if any(selector.items() <= pod.metadata.labels.items() for pod in place.found.pods.values()):
        return False  # those that are about to end, too: others may come in their place
    return place.found.knows_all_pods or (not place.found.has_more_workloads and place.endpoints_of(service) == [])


def _told(service: Service, found: meant.Meant) -> dict[str, str]:
    extra = {details.SELECTOR: meant.told(service.spec.selector)}
    if found.shape is None:
        return extra
    asked, carried = meant.difference(service.spec.selector, found.shape)
    return extra | {details.SELECTOR: asked, details.INSTEAD: carried, details.WORKLOAD: found.shape.workload}
