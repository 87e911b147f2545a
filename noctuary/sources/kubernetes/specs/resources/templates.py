"""What the pods of a workload will ask for, also where none of them exists: read from its template."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from noctuary.kube.objects import Struct, WorkloadObject
from noctuary.kube.quantities import quantity

NOTHING = Decimal(0)


class Amounts(Struct):
    """What a container asks for, and what it may take at most."""

    requests: dict[str, Any] = msgspec.field(default_factory=dict)
    limits: dict[str, Any] = msgspec.field(default_factory=dict)


class TemplateContainer(Struct):
    """One container of a template."""

    name: str = ""
    resources: Amounts = msgspec.field(default_factory=Amounts)
    restart_policy: str = ""


class TemplateSpec(Struct):
    """The spec of a pod template, as far as it bounds or names what pods need."""

    containers: list[TemplateContainer] = msgspec.field(default_factory=list)
    init_containers: list[TemplateContainer] = msgspec.field(default_factory=list)
    service_account_name: str = ""
    overhead: dict[str, Any] = msgspec.field(default_factory=dict)
    active_deadline_seconds: int | None = None

    @property
    def account(self) -> str:
        """Return under which ServiceAccount its pods run."""
        return self.service_account_name or "default"

    def asks(self, resource: str) -> Decimal:
        """Return how much of a resource its pods ask for; what has a limit and no request asks for the limit."""
        return self._total(lambda each: _amount(each.resources.requests, resource, each.resources.limits))

    def takes(self, resource: str) -> Decimal:
        """Return how much of a resource its pods may take at most; 0 where nothing limits them."""
        return self._total(lambda each: _amount(each.resources.limits, resource))

    def names_all(self, field: str, resource: str) -> bool:
        """Tell whether each container names an amount of its own, as a quota on that resource demands."""
        return all(self._names(each, field, resource) for each in self._everything())

    def _names(self, container: TemplateContainer, field: str, resource: str) -> bool:
        is_limited = resource in container.resources.limits
        return is_limited or (field == "requests" and resource in container.resources.requests)

    def _everything(self) -> Iterator[TemplateContainer]:
        yield from self.containers
        yield from self.init_containers

    def _total(self, amount: Callable[[TemplateContainer], Decimal]) -> Decimal:
        """Add up what runs side by side: sidecars run beside all else, of the other init containers one at a time."""
        sidecars = sum((amount(each) for each in self.init_containers if each.restart_policy == "Always"), NOTHING)
        steps = max((amount(each) for each in self.init_containers if each.restart_policy != "Always"), default=NOTHING)
        return max(sum((amount(each) for each in self.containers), NOTHING), steps) + sidecars


def template_of(workload: WorkloadObject) -> TemplateSpec:
    """Return the template of a workload; raises msgspec.ValidationError for what is none."""
    return msgspec.json.decode(workload.spec.template.spec, type=TemplateSpec)


def _amount(amounts: dict[str, Any], resource: str, otherwise: dict[str, Any] | None = None) -> Decimal:
    written = amounts.get(resource, (otherwise or {}).get(resource))
    return (quantity(written) if written is not None else None) or NOTHING
