"""What of a ResourceQuota is used up for the next pod of a template."""

from collections.abc import Iterator
from decimal import Decimal

from noctuary.kube.quantities import quantity
from noctuary.models import details
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.resources.kinds import LIMIT_RANGES, QUOTAS
from noctuary.sources.kubernetes.specs.resources.objects import ResourceQuota
from noctuary.sources.kubernetes.specs.resources.templates import TemplateSpec

_COUNTS = frozenset({"pods", "count/pods"})
_BARE = frozenset({"cpu", "memory", "ephemeral-storage"})
"""Quotas mean requests where they name neither."""
_DEMANDED = frozenset({"cpu", "memory"})
"""What a quota counts must be named by each container; of other resources it counts nothing where none is named."""
_LONG_RUNNING = ["NotTerminating"]
"""The scope that takes in all pods without a deadline; what other scopes take in, a template alone does not tell."""


def exhausted_quota(place: Place, spec: TemplateSpec) -> dict[str, str]:
    """Return the details of the first quota that the next pod would exceed, or that demands what it does not name."""
    for quota in place.specs.of(QUOTAS):
        if not _counts(quota, spec):
            continue
        for resource, hard in (quota.status.hard or quota.spec.hard).items():
            limit = quantity(hard)
            used = quantity(quota.status.used.get(resource, 0)) or Decimal(0)
            if limit is None:
                continue
            named = {details.QUOTA: quota.metadata.name}
            if used + _needs(spec, resource) > limit:
                usage = str(quota.status.used.get(resource, 0))
                return {**named, details.QUOTA_LIMIT: f"{resource}={hard}", details.QUOTA_USED: usage}
            if _demands(place, spec, resource):
                message = f"failed quota: {quota.metadata.name}: must specify {resource}"
                return {**named, details.QUOTA_DEMANDS: resource, details.MESSAGE: message}
    return {}


def _counts(quota: ResourceQuota, spec: TemplateSpec) -> bool:
    """Tell whether a quota counts pods of a template for sure."""
    if bytes(quota.spec.scope_selector) or quota.metadata.deletion_timestamp is not None:
        return False
    is_terminating = spec.active_deadline_seconds is not None
    return not quota.spec.scopes or (quota.spec.scopes == _LONG_RUNNING and not is_terminating)


def _needs(spec: TemplateSpec, resource: str) -> Decimal:
    """Return how much of what a quota counts one pod of a template uses."""
    if resource in _COUNTS:
        return Decimal(1)
    field, _, name = resource.partition(".")
    if field == "limits":
        return spec.takes(name)
    return (
        spec.asks(name if field == "requests" else resource) if field == "requests" or resource in _BARE else Decimal(0)
    )


def _demands(place: Place, spec: TemplateSpec, resource: str) -> bool:
    """Tell whether a quota refuses pods that name no amount of a resource, and no LimitRange names one for them."""
    field, name = resource.split(".", 1) if "." in resource else ("requests", resource)
    is_demanded = name in _DEMANDED and field in ("requests", "limits")
    if not is_demanded or spec.names_all(field, name) or not place.specs.knows_all(LIMIT_RANGES):
        return False
    return name not in set(_defaults(place, field))


def _defaults(place: Place, field: str) -> Iterator[str]:
    """Yield the resources of which a LimitRange gives containers an amount that they do not name."""
    for each in place.specs.of(LIMIT_RANGES):
        for item in each.spec.limits:
            if item.type == "Container":
                yield from item.default
                yield from item.max  # the API server takes it for a default that is not named
                yield from item.default_request if field == "requests" else ()
