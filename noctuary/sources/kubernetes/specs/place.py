"""What a check of specs looks at: one namespace as it was read, and which services of the incident are in it."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import msgspec

from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import ServiceView
from noctuary.models.naming import names_of
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.kinds.pods import is_ready
from noctuary.sources.kubernetes.live_namespace import Member, Namespace
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.specs.kinds import ENDPOINT_SLICES, SERVICES
from noctuary.sources.kubernetes.specs.network.addresses import Address
from noctuary.sources.kubernetes.specs.objects import Endpoint, Service, SpecObject
from noctuary.sources.kubernetes.specs.reading import NOTHING_READ, Specs
from noctuary.sources.kubernetes.specs.shapes import Shape, Shapes, shapes_of
from noctuary.sources.kubernetes.specs.since import Since
from noctuary.sources.kubernetes.specs.work import Work

MAX_PODS = 20
"""Of one shape that are told: more say no more."""


class Place(msgspec.Struct, frozen=True, dict=True):
    """One namespace: its workloads and pods, what specs were read of it, the incident's services, and the time.

    `cluster` are the specs of no namespace; `others` all namespaces that were read, this one among them.
    """

    found: Namespace
    specs: Specs
    services: ServiceIndex
    members: list[Member]
    now: float
    cluster: Specs = NOTHING_READ
    others: Mapping[str, Namespace] = {}

    @property
    def namespace(self) -> str:
        """Return the namespace's name."""
        return self.found.name

    @property
    def shapes(self) -> list[Shape]:
        """What its pods look like, once per template."""
        return self._indexed(self.namespace).all

    def shapes_in(self, namespace: str) -> list[Shape]:
        """Return what pods of a namespace look like; none of one that was not read."""
        return self._indexed(namespace).all

    def _indexed(self, namespace: str) -> Shapes:
        found = self.found if namespace == self.namespace else self.others.get(namespace)
        if namespace not in self._shapes:
            self._shapes[namespace] = Shapes(shapes_of(found) if found is not None else ())
        return self._shapes[namespace]

    @cached_property
    def _shapes(self) -> dict[str, Shapes]:
        return {}

    @cached_property
    def work(self) -> Work:
        """What the check that looks may still compare."""
        return Work()

    @cached_property
    def near(self) -> dict[tuple[str, str], str]:
        """Names of Services that were found to be like those that do not exist, by namespace and name."""
        return {}

    @cached_property
    def told_addresses(self) -> dict[int, list[Address]]:
        """What shapes were found to call, by their identity: several checks ask."""
        return {}

    def service_at(self, namespace: str, name: str) -> Service | None:
        """Return a Service of a namespace that was read; None where there is none of that name."""
        return self._services.get((namespace, name))

    @cached_property
    def _services(self) -> dict[tuple[str, str], Service]:
        there = ((name, each) for name, found in self.others.items() for each in found.specs.of(SERVICES))
        return {(name, each.metadata.name): each for name, each in there}

    def selected(self, selector: Mapping[str, str], namespace: str = "") -> list[Shape]:
        """Return the shapes that a Service's selector finds, here or in another namespace; an empty one finds none."""
        shapes = self._indexed(namespace or self.namespace)
        self.work.spend(shapes.cost(selector))
        return shapes.selected(selector)

    def workloads_of(self, selector: Mapping[str, str]) -> list[WorkloadView]:
        """Return the workloads whose template a selector finds; an empty one finds none here."""
        views = self.found.workloads.values()
        self.work.spend(len(views))
        return [view for view in views if selector and selector.items() <= view.labels.items()]

    def endpoints_of(self, service: Service) -> list[Endpoint] | None:
        """Return the endpoints of a Service; None where they were not read, or no controller made any yet."""
        if not self.specs.knows_all(ENDPOINT_SLICES):
            return None
        slices = self._slices.get(service.metadata.name)
        return None if slices is None else [each for part in slices for each in part]

    @cached_property
    def _slices(self) -> dict[str, list[list[Endpoint]]]:
        found: dict[str, list[list[Endpoint]]] = {}
        for each in self.specs.of(ENDPOINT_SLICES):
            found.setdefault(each.service, []).append(each.endpoints or [])
        return found

    def service_of(self, labels: Mapping[str, str], *names: str) -> ServiceView | None:
        """Return the incident's service that pods of these labels, or an object of these names, are of."""
        rank = self.services.rank(self.namespace, labels, names_of(labels, *names))
        return self.services.services[rank] if rank is not None else None

    def service_named(self, *names: str) -> ServiceView | None:
        """Return the incident's service of one of these names, also of those that are mapped by labels."""
        rank = self.services.rank_by_name(self.namespace, names)
        return self.services.services[rank] if rank is not None else None

    def rank_of_shape(self, namespace: str, shape: Shape) -> int | None:
        """Return the place of the incident's service that pods of a shape are of; its own come first."""
        return self.services.rank(namespace, shape.labels, names_of(shape.labels, shape.workload, shape.service_name))

    def service_of_shape(self, shape: Shape) -> ServiceView | None:
        """Return the incident's service that such pods are of."""
        return self.service_of(shape.labels, shape.workload, shape.service_name)

    def report(
        self, obj: SpecObject, kind: str, service: ServiceView, reason: str, since: Since, extra: Mapping[str, str]
    ) -> ContextEvent:
        """Make the event of a mismatch that stands in an object and is seen now.

        It carries no labels, so that it is placed by the service's name alone. What a rollout brought about is told of
        its workload, with the object as `backend`.
        """
        ref = self.ref_of(kind, obj)
        if since.workload is None:
            return self.report_on(ref, service, reason, since.at, {details.WRITTEN_BY: since.manager, **extra})
        ref = msgspec.structs.replace(ref, workload_kind=since.workload.kind, workload_name=since.workload.name)
        of_rollout = {details.BACKEND: obj.metadata.name, details.TEMPLATE_HASH: since.template_hash}
        return self.report_on(ref, service, reason, since.at, {**of_rollout, **extra})

    def ref_of(self, kind: str, obj: SpecObject) -> ObjectRef:
        """Return the reference to an object of this namespace, without labels, which would place its events."""
        return ObjectRef(kind, self.namespace, obj.metadata.name, obj.metadata.uid)

    def report_on(
        self, ref: ObjectRef, service: ServiceView, reason: str, at: float, extra: Mapping[str, str], key: str = ""
    ) -> ContextEvent:
        """Make the event of a mismatch that is told of any object; `key` tells apart several of one object."""
        return draft(
            ref,
            service.name,
            EventType.DEPENDENCY_FAILURE,
            key=f"{reason}/{key}" if key else reason,
            at=at or self.now,
            last_seen=self.now,
            new_value=reason,
            extra={details.REASON: reason, **extra},
        )

    def report_shape(
        self, shape: Shape, service: ServiceView, reason: str, at: float, extra: Mapping[str, str], key: str = ""
    ) -> Iterator[ContextEvent]:
        """Make an event for each pod of a shape that is not ready; where none is, one for its workload."""
        failing = [pod for pod in shape.pods if not is_ready(pod)][:MAX_PODS]
        refs = [(identity.ref, identity.extra()) for pod in failing if (identity := self.found.identify(pod))]
        template = {details.TEMPLATE_HASH: shape.template_hash}
        for ref, known in refs or [(shape.ref(self.namespace), template)]:
            yield self.report_on(ref, service, reason, at, {**known, **extra}, key)


Check = Callable[[Place], Iterator[ContextEvent]]
"""Yields an event for each mismatch; says nothing where what it needs was not read."""
