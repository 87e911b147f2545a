"""A Service whose selector finds no pod, while workloads that it seems meant for run."""

from collections.abc import Iterator

from noctuary.analyzers.specs.empty_service import SELECTS_NOTHING
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import ServiceView
from noctuary.sources.kubernetes.specs.kinds import SERVICES
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.specs.place import Place, written_at


def empty_service(place: Place) -> Iterator[ContextEvent]:
    """Yield each Service of the incident's that selects neither a pod nor a workload's template."""
    if not place.found.knows_all_pods:
        return
    for each in place.specs.of(SERVICES):
        selector = each.spec.selector
        if not selector or place.workloads_of(selector) or _finds_pod(place, selector):
            continue
        service = _meant(place, each)
        if service is not None:
            told = ",".join(f"{name}={value}" for name, value in sorted(selector.items()))
            at = written_at(each, b'"f:selector"')
            yield place.report(each, "Service", service, SELECTS_NOTHING, at, {details.SELECTOR: told})


def _finds_pod(place: Place, selector: dict[str, str]) -> bool:
    return any(selector.items() <= pod.metadata.labels.items() for pod in place.found.pods.values())


def _meant(place: Place, service: Service) -> ServiceView | None:
    """Return whose the Service is: by its own labels and name, since its selector leads nowhere."""
    return place.service_of(service.metadata.labels, service.metadata.name)
