"""A Service all of whose pods are not ready."""

from collections.abc import Iterator

from noctuary.analyzers.network.unready_service import NO_READY_POD
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.pods import ready_changed_at
from noctuary.sources.kubernetes.specs.kinds import SERVICES
from noctuary.sources.kubernetes.specs.objects import Service
from noctuary.sources.kubernetes.specs.place import Place


def unready_service(place: Place) -> Iterator[ContextEvent]:
    """Yield each Service with pods of which none is ready, as its endpoints show where they were read."""
    for each in place.specs.of(SERVICES):
        if each.spec.publish_not_ready_addresses or not each.leads_to_pods:
            continue
        shapes = [shape for shape in place.selected(each.spec.selector) if shape.pods]
        owner = place.service_of_shape(shapes[0]) if shapes else None
        if owner is not None and not any(shape.is_ready for shape in shapes) and not _has_ready(place, each):
            turned = [ready_changed_at(pod) for shape in shapes for pod in shape.pods]
            extra = {details.BACKEND: each.metadata.name, details.COUNT: str(len(turned))}
            ref = shapes[0].ref(place.namespace)
            yield place.report_on(ref, owner, NO_READY_POD, max(turned), extra, key=each.metadata.name)


def _has_ready(place: Place, service: Service) -> bool:
    return any(each.is_ready for each in place.endpoints_of(service) or ())
