"""DaemonSets: workloads whose templates are only counted, and which nobody scales."""

from noctuary.kube.objects import WorkloadObject
from noctuary.kube.reflector import Sink
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView, count_in, own_revision, view_workload
from noctuary.sources.kubernetes.sinks import WorkloadSink
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind

GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"
"""Deprecated by name only: the API server still counts a DaemonSet's templates in it."""


class DaemonSet(WorkloadObject):
    """apps/v1 DaemonSet."""


def make_sink(context: SinkContext) -> Sink[DaemonSet]:
    """Return what reports rollouts of DaemonSets."""
    return WorkloadSink(context.tracker, DaemonSet, view_daemon_set)


DAEMON_SETS = WatchedKind(api=APPS, resource="daemonsets", kind=DaemonSet, make_sink=make_sink, feeds_rollouts=True)


def view_daemon_set(obj: DaemonSet) -> WorkloadView:
    """Return a DaemonSet, reduced to what is compared."""
    return view_workload(obj, own_revision(obj, count_in(obj.metadata, GENERATION_ANNOTATION)))
