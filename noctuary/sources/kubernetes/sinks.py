"""What receives the objects of a watch and queues the events they make."""

from collections.abc import Callable
from typing import Generic, TypeVar

from noctuary.kube.objects import KubeObject, WorkloadObject, seconds
from noctuary.kube.odd import each_understood
from noctuary.kube.reflector import ChangeType
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.reported import ReportedEvents
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.writer import EventQueue

T = TypeVar("T", bound=KubeObject)
W = TypeVar("W", bound=WorkloadObject)


class FaultSink(Generic[T]):
    """Turns each object into events by itself, and reports only those that are new."""

    def __init__(self, queue: EventQueue, decode: Callable[[T], list[ContextEvent]]) -> None:
        self._queue = queue
        self._decode: Callable[[T], list[ContextEvent]] = decode
        self._reported = ReportedEvents()

    def on_list(self, objects: list[T]) -> None:
        """Handle the complete list."""
        self._reported.forget_all_but(obj.metadata.uid for obj in objects)
        for new in each_understood(objects, self._new_of):
            self._queue.offer(new, [], is_live=False)

    def on_event(self, change: ChangeType, obj: T) -> None:
        """Handle one change; the last state of a deleted object may show what no watch saw."""
        try:
            self._queue.offer(self._new_of(obj), [], is_live=True)
        finally:
            if change == "DELETED":
                self.forget(obj)

    def forget(self, obj: T) -> None:
        """Forget what was reported of an object."""
        self._reported.forget(obj.metadata.uid)

    def _new_of(self, obj: T) -> list[ContextEvent]:
        return self._reported.filter_new(obj.metadata.uid, self._decode(obj))


class WorkloadSink(Generic[W]):
    """Feeds one kind of workload to the tracker."""

    def __init__(self, tracker: RolloutTracker, kind: type[W], view: Callable[[W], WorkloadView]) -> None:
        self._tracker = tracker
        self._kind = kind.__name__
        self._view: Callable[[W], WorkloadView] = view

    def on_list(self, objects: list[W]) -> None:
        """Handle the complete list."""
        self._tracker.reset_workloads(self._kind, each_understood(objects, self._view))

    def on_event(self, change: ChangeType, obj: W) -> None:
        """Handle one change."""
        if change == "DELETED":
            key = (obj.metadata.namespace, obj.metadata.uid)
            self._tracker.delete_workload(key, seconds(obj.metadata.deletion_timestamp))
        else:
            self._tracker.update_workload(self._view(obj))
