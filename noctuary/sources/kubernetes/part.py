"""The watches of one namespace, or of the whole cluster, and what they feed."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from noctuary.common.errors import is_refusal
from noctuary.kube.objects import DaemonSet, Deployment, Event, Node, Pod, ReplicaSet, StatefulSet
from noctuary.kube.reflector import Health, Reflector, Sink
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.rollout_tracker import RolloutTracker
from noctuary.sources.kubernetes.sinks import NodeSink, PodSink, ReplicaSetSink, WarningEventSink, WorkloadSink
from noctuary.sources.kubernetes.writer import Writer
from noctuary.store.interface import Baseline

T = TypeVar("T")


class MakeReflector(Protocol):
    """Makes the watch of one resource."""

    def __call__(self, path: str, kind: type[T], sink: Sink[T], field_selector: str = "") -> Reflector[T]:
        """Return it."""


class NamespaceWatches:
    """What is watched of one namespace; of all, with the nodes, where it is empty. A closed one disturbs no other."""

    def __init__(self, namespace: str, make: MakeReflector, writer: Writer, baselines: list[Baseline]) -> None:
        self.namespace = namespace
        tracker, pods = RolloutTracker(writer, baselines, namespace), PodSink(writer)

        def identify(uid: str) -> PodIdentity | None:
            return pods.identify(uid) or tracker.identify(uid)

        where = f"/namespaces/{namespace}" if namespace else ""
        apps, core = f"/apis/apps/v1{where}", f"/api/v1{where}"
        self._reflectors: dict[str, Reflector[Any]] = {
            "replicasets": make(f"{apps}/replicasets", ReplicaSet, ReplicaSetSink(tracker)),
            "deployments": make(f"{apps}/deployments", Deployment, WorkloadSink(tracker, Deployment)),
            "statefulsets": make(f"{apps}/statefulsets", StatefulSet, WorkloadSink(tracker, StatefulSet)),
            "daemonsets": make(f"{apps}/daemonsets", DaemonSet, WorkloadSink(tracker, DaemonSet)),
            "pods": make(f"{core}/pods", Pod, pods),
        }
        if not namespace:
            self._reflectors["nodes"] = make(f"{core}/nodes", Node, NodeSink(writer))
        notices = WarningEventSink(writer, identify, tracker.first_started_at)
        self._events = make(f"{core}/events", Event, notices, "type=Warning")

    @property
    def health(self) -> dict[str, Health]:
        """The health of each watch by resource; of a single namespace by NAMESPACE/resource."""
        prefix = f"{self.namespace}/" if self.namespace else ""
        found = {prefix + name: each.health for name, each in self._reflectors.items()}
        return {**found, f"{prefix}events": self._events.health}

    @property
    def is_refused(self) -> bool:
        """Whether the API server does not let us watch something here now."""
        return any(is_refusal(health.last_error) for health in self.health.values())

    def runs(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs for ever."""
        return [*(each.run() for each in self._reflectors.values()), self._watch_events()]

    async def _watch_events(self) -> None:
        """Begin with the Events when it is known whom they are about."""
        for reflector in self._reflectors.values():
            await reflector.health.synced.wait()
        await self._events.run()
