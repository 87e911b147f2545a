"""Workloads that are scaled to nothing, as the live view shows them: Kubernetes reports no Event of it."""

from collections.abc import Iterator

from noctuary.analyzers.cluster.stopped import SCALED_TO_ZERO
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView


def stopped_events(view: WorkloadView, now: float) -> Iterator[ContextEvent]:
    """Yield an event, dated now, where a workload wants no pods: since when, the API server does not keep."""
    if view.replicas == 0:
        yield draft(
            view.ref,
            view.service_name,
            EventType.SATURATION,
            key="stopped",
            at=now,
            new_value=SCALED_TO_ZERO,
            extra={details.REASON: SCALED_TO_ZERO},
        )
