"""What takes the objects of each watch and hands the events they make to the writer."""

from collections.abc import Callable
from typing import Generic, TypeVar

from noctuary.kube.objects import Event, Node, Pod, ReplicaSet, Workload
from noctuary.kube.reflector import ChangeType
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.identity import PodIdentity, identify_pod
from noctuary.sources.kubernetes.kinds.events import Lookup, last_time, warning_event
from noctuary.sources.kubernetes.kinds.nodes import node_faults
from noctuary.sources.kubernetes.kinds.pods import pod_faults
from noctuary.sources.kubernetes.memory import Memory
from noctuary.sources.kubernetes.rollout_tracker import RolloutTracker
from noctuary.sources.kubernetes.writer import Writer

W = TypeVar("W", bound=Workload)
T = TypeVar("T", Pod, Node, Event)


class WorkloadSink(Generic[W]):
    """Feeds one kind of workload to the tracker."""

    def __init__(self, tracker: RolloutTracker, kind: type[W]) -> None:
        self._tracker = tracker
        self._kind = kind.__name__

    def on_list(self, objects: list[W]) -> None:
        """Take the complete list."""
        self._tracker.replace_workloads(self._kind, objects)

    def on_event(self, change: ChangeType, obj: W) -> None:
        """Take one change."""
        self._tracker.change_workload(change, obj)


class ReplicaSetSink:
    """Feeds ReplicaSets to the tracker."""

    def __init__(self, tracker: RolloutTracker) -> None:
        self._tracker = tracker

    def on_list(self, objects: list[ReplicaSet]) -> None:
        """Take the complete list."""
        self._tracker.replace_replica_sets(objects)

    def on_event(self, change: ChangeType, obj: ReplicaSet) -> None:
        """Take one change."""
        self._tracker.change_replica_set(change, obj)


class _FaultSink(Generic[T]):
    """Turns each object into events by itself, and tells only those that are news."""

    def __init__(self, writer: Writer, decode: Callable[[T], list[ContextEvent]]) -> None:
        self._writer = writer
        self._decode: Callable[[T], list[ContextEvent]] = decode
        self._memory = Memory()

    def on_list(self, objects: list[T]) -> None:
        """Take the complete list."""
        self._memory.keep_only(obj.metadata.uid for obj in objects)
        for obj in objects:
            self._tell(obj, is_live=False)

    def on_event(self, change: ChangeType, obj: T) -> None:
        """Take one change; the last state of a deleted object may tell what no watch saw."""
        self._tell(obj, is_live=True)
        if change == "DELETED":
            self._memory.forget(obj.metadata.uid)

    def _tell(self, obj: T, *, is_live: bool) -> None:
        self._writer.offer(self._memory.news(obj.metadata.uid, self._decode(obj)), [], is_live=is_live)


class NodeSink(_FaultSink[Node]):
    """Tells of nodes in trouble."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer, node_faults)


class PodSink(_FaultSink[Pod]):
    """Tells of pods in trouble, and knows who each pod is."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer, pod_faults)
        self._identities: dict[str, PodIdentity] = {}

    def identify(self, uid: str) -> PodIdentity | None:
        """Say who a pod is."""
        return self._identities.get(uid)

    def on_list(self, objects: list[Pod]) -> None:
        """Take the complete list."""
        self._identities = {pod.metadata.uid: identify_pod(pod) for pod in objects}
        super().on_list(objects)

    def on_event(self, change: ChangeType, obj: Pod) -> None:
        """Take one change."""
        if change == "DELETED":
            self._identities.pop(obj.metadata.uid, None)
        else:
            self._identities[obj.metadata.uid] = identify_pod(obj)
        super().on_event(change, obj)


class WarningEventSink(_FaultSink[Event]):
    """Tells of Warnings that were seen since the very first start."""

    def __init__(self, writer: Writer, lookup: Lookup, first_started_at: float) -> None:
        super().__init__(
            writer, lambda event: warning_event(event, lookup) if last_time(event) >= first_started_at else []
        )

    def on_event(self, change: ChangeType, obj: Event) -> None:
        """Take one change; an Event that expired is nothing new."""
        if change == "DELETED":
            self._memory.forget(obj.metadata.uid)
        else:
            super().on_event(change, obj)
