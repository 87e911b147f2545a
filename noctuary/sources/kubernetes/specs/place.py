"""What a check of specs looks at: one namespace as it was read, and which services of the incident are in it."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import ServiceView
from noctuary.models.naming import names_of
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.live_namespace import Member, Namespace
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.rollouts.writes import last_write
from noctuary.sources.kubernetes.specs.objects import SpecObject
from noctuary.sources.kubernetes.specs.reading import Specs


class Place(msgspec.Struct, frozen=True):
    """One namespace: its workloads and pods, what specs were read of it, the incident's services, and the time."""

    found: Namespace
    specs: Specs
    services: ServiceIndex
    members: list[Member]
    now: float

    @property
    def namespace(self) -> str:
        """Return the namespace's name."""
        return self.found.name

    def workloads_of(self, selector: Mapping[str, str]) -> list[WorkloadView]:
        """Return the workloads whose pods a selector finds; an empty one finds none here."""
        views = self.found.workloads.values()
        return [view for view in views if selector and selector.items() <= view.labels.items()]

    def service_of(self, labels: Mapping[str, str], *names: str) -> ServiceView | None:
        """Return the incident's service that pods of these labels, or an object of these names, are of."""
        rank = self.services.rank(self.namespace, labels, names_of(labels, *names))
        return self.services.services[rank] if rank is not None else None

    def report(
        self, obj: SpecObject, kind: str, service: ServiceView, reason: str, at: float, extra: Mapping[str, str]
    ) -> ContextEvent:
        """Make the event of a mismatch that stands in an object since `at` and is seen now.

        It carries no labels, so that it is placed by the service's name alone.
        """
        ref = ObjectRef(kind, self.namespace, obj.metadata.name, obj.metadata.uid)
        return draft(
            ref,
            service.name,
            EventType.DEPENDENCY_FAILURE,
            key=reason,
            at=at or self.now,
            last_seen=self.now,
            new_value=reason,
            extra={details.REASON: reason, **extra},
        )


Check = Callable[[Place], Iterator[ContextEvent]]
"""Yields an event for each mismatch; says nothing where what it needs was not read."""


def written_at(obj: SpecObject, field: bytes) -> float:
    """Return when a field such as `"f:selector"` was last written; as far as nobody knows, when the object was made."""
    return last_write(obj.metadata, field).at or seconds(obj.metadata.creation_timestamp)
