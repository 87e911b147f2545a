"""DaemonSets: workloads whose wanted revision only its template tells, and which nobody scales."""

from noctuary.kube.objects import WorkloadObject
from noctuary.kube.reflector import ChangeType
from noctuary.sources.kubernetes.rollouts.summaries import Summaries, Summary, encoded_summary
from noctuary.sources.kubernetes.rollouts.workloads import Wanted, WorkloadView, is_settled, view_workload
from noctuary.sources.kubernetes.sinks import WorkloadSink
from noctuary.sources.kubernetes.watched_kind import APPS, SinkContext, WatchedKind


class DaemonSet(WorkloadObject):
    """apps/v1 DaemonSet."""


class DaemonSetSink(WorkloadSink[DaemonSet]):
    """Reports rollouts of DaemonSets, and keeps the summaries of their templates."""

    def __init__(self, context: SinkContext) -> None:
        self._summaries = Summaries()
        super().__init__(context.tracker, DaemonSet, lambda obj: view_daemon_set(obj, self._summaries.of))

    def on_list(self, objects: list[DaemonSet]) -> None:
        """Handle the complete list."""
        self._summaries.clear()
        super().on_list(objects)

    def on_event(self, change: ChangeType, obj: DaemonSet) -> None:
        """Handle one change."""
        super().on_event(change, obj)
        if change == "DELETED":
            self._summaries.forget(obj.metadata.uid)


DAEMON_SETS = WatchedKind(api=APPS, resource="daemonsets", kind=DaemonSet, make_sink=DaemonSetSink, feeds_rollouts=True)


def view_daemon_set(obj: DaemonSet, summary: Summary = encoded_summary) -> WorkloadView:
    """Return a DaemonSet, reduced to what is compared: its own template, as its revision's is summarised."""
    template = summary(obj.metadata, obj.spec.template, obj.metadata.uid)
    return view_workload(obj, Wanted(template=template, is_settled=is_settled(obj)))
