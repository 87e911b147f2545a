"""How checks tell of workloads and pods: as the other events of these are, so that both are one fault."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from noctuary.kube.objects import WorkloadCondition, WorkloadObject
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.kinds.pods import is_leaving, is_ready
from noctuary.sources.kubernetes.live_namespace import Member, is_wanted
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.specs.place import Place

RECENT_S = 3600.0
"""A bound for when something began says when only while it is this young; else the thing is of when it was seen."""


class Workload(NamedTuple):
    """A workload of the incident's services: reduced to what is compared, and as it was read."""

    view: WorkloadView
    obj: WorkloadObject

    @property
    def wants(self) -> int:
        """Return how many pods there should be."""
        is_daemon = self.view.kind == "DaemonSet"
        return self.obj.status.desired_number_scheduled if is_daemon else self.obj.spec.replicas or 0

    @property
    def has(self) -> int:
        """Return how many pods its controller counts."""
        is_daemon = self.view.kind == "DaemonSet"
        return self.obj.status.current_number_scheduled if is_daemon else self.obj.status.replicas

    def condition(self, kind: str) -> WorkloadCondition | None:
        """Return a condition; None where it is not set."""
        return next((each for each in self.obj.status.conditions if each.type == kind), None)


def workloads(place: Place) -> Iterator[Workload]:
    """Yield the workloads of the incident's services that are not being deleted."""
    for key, obj in place.found.objects.items():
        view = place.found.workloads.get(key)
        is_here = view is not None and obj.metadata.deletion_timestamp is None
        if view is not None and is_here and is_wanted(place.found, view, place.services):
            yield Workload(view, obj)


def unready_pods(place: Place) -> Iterator[Member]:
    """Yield the pods of the incident's services that ought to be ready and are not."""
    for member in place.members:
        is_done = is_leaving(member.pod, member.identity.ref.workload_kind) or member.pod.status.phase == "Failed"
        if not is_done and not is_ready(member.pod):
            yield member


def of_workload(
    place: Place, workload: Workload, reason: str, at: float, extra: Mapping[str, str], key: str = ""
) -> ContextEvent:
    """Make the event of what keeps the pods of a workload from being as they should, since `at`, seen now."""
    view = workload.view
    held = view.wanted.find(place.found.holders.of(view.key))
    told = {details.REASON: reason, details.TEMPLATE_HASH: held.template_hash if held is not None else "", **extra}
    return draft(
        view.ref,
        view.service_name,
        EventType.DEPENDENCY_FAILURE,
        key=key or reason,
        at=at or place.now,
        last_seen=place.now,
        new_value=reason,
        extra=told,
    )


def of_pod(
    place: Place, member: Member, reason: str, at: float, extra: Mapping[str, str], key: str = ""
) -> ContextEvent:
    """Make the event of what keeps a pod from being ready, since `at`, seen now."""
    return draft(
        member.identity.ref,
        member.identity.service_name,
        EventType.DEPENDENCY_FAILURE,
        key=key or reason,
        at=at or place.now,
        last_seen=place.now,
        new_value=reason,
        extra={**member.identity.extra(), details.REASON: reason, **extra},
    )


def no_earlier(place: Place, *bounds: float) -> float:
    """Return since when at most something can be so, the latest of some times before which it was not.

    Where that is long ago it tells nothing of when it began: then 0, so that it counts as of now.
    """
    latest = max(bounds, default=0.0)
    return latest if latest >= place.now - RECENT_S else 0.0
