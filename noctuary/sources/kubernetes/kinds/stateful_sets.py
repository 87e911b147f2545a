"""StatefulSets: workloads that name the revision they update to."""

from noctuary.kube.objects import WorkloadObject
from noctuary.kube.reflector import Sink
from noctuary.sources.kubernetes.rollouts.workloads import Wanted, WorkloadView, is_settled, view_workload
from noctuary.sources.kubernetes.sinks import WorkloadSink
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind


class StatefulSet(WorkloadObject):
    """apps/v1 StatefulSet."""


def make_sink(context: SinkContext) -> Sink[StatefulSet]:
    """Return what reports rollouts and scalings of StatefulSets."""
    return WorkloadSink(context.tracker, StatefulSet, view_stateful_set)


STATEFUL_SETS = WatchedKind(
    api=APPS, resource="statefulsets", kind=StatefulSet, make_sink=make_sink, feeds_rollouts=True
)


def view_stateful_set(obj: StatefulSet) -> WorkloadView:
    """Return a StatefulSet, reduced to what is compared."""
    return view_workload(obj, Wanted(name=obj.status.update_revision, is_settled=is_settled(obj)))
