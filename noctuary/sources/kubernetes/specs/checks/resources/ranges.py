"""What a LimitRange does not let the containers of a template ask for."""

from collections.abc import Iterator

from noctuary.kube.quantities import quantity
from noctuary.models import details
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.resources.kinds import LIMIT_RANGES
from noctuary.sources.kubernetes.specs.resources.objects import LimitRangeItem
from noctuary.sources.kubernetes.specs.resources.templates import TemplateContainer, TemplateSpec


def out_of_range(place: Place, spec: TemplateSpec) -> dict[str, str]:
    """Return the details of the first range that a container of a template is out of, in the API server's words."""
    for each in place.specs.of(LIMIT_RANGES):
        for item in each.spec.limits:
            containers = [*spec.containers, *spec.init_containers] if item.type == "Container" else []
            for container in containers:
                if told := next(_breaches(item, container), ""):
                    return {details.LIMIT_RANGE: each.metadata.name, details.MESSAGE: told}
    return {}


def _breaches(item: LimitRangeItem, container: TemplateContainer) -> Iterator[str]:
    """Yield for example `maximum memory usage per Container is 1Gi, but limit is 2Gi`."""
    bounds = (("maximum", item.max, ("limit", "request"), 1), ("minimum", item.min, ("request", "limit"), -1))
    amounts = {"limit": container.resources.limits, "request": container.resources.requests}
    for word, bound, fields, sign in bounds:
        for resource, most in bound.items():
            for field in fields:
                asked, allowed = quantity(amounts[field].get(resource)), quantity(most)
                if asked is not None and allowed is not None and sign * (asked - allowed) > 0:
                    told = amounts[field][resource]
                    yield f"{word} {resource} usage per Container is {most}, but {field} is {told}"
