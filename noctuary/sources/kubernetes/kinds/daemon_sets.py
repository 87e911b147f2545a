"""DaemonSets: workloads whose wanted revision only its template tells, and which nobody scales."""

from noctuary.kube.objects import WorkloadObject
from noctuary.kube.reflector import Sink
from noctuary.sources.kubernetes.rollouts.workloads import Wanted, WorkloadView, is_settled, own_template, view_workload
from noctuary.sources.kubernetes.sinks import WorkloadSink
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind


class DaemonSet(WorkloadObject):
    """apps/v1 DaemonSet."""


def make_sink(context: SinkContext) -> Sink[DaemonSet]:
    """Return what reports rollouts of DaemonSets."""
    return WorkloadSink(context.tracker, DaemonSet, view_daemon_set)


DAEMON_SETS = WatchedKind(api=APPS, resource="daemonsets", kind=DaemonSet, make_sink=make_sink, feeds_rollouts=True)


def view_daemon_set(obj: DaemonSet) -> WorkloadView:
    """Return a DaemonSet, reduced to what is compared."""
    return view_workload(obj, Wanted(template=own_template(obj), is_settled=is_settled(obj)))
