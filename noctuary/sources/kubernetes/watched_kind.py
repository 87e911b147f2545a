"""What the registry holds of each watched Kubernetes kind, and what the sinks of all kinds share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from noctuary.kube.objects import KubeObject
from noctuary.kube.reflector import Sink
from noctuary.models.context_event import ObjectRef
from noctuary.sources.kubernetes.changes.states import ObjectStates
from noctuary.sources.kubernetes.identity import PodIdentity
from noctuary.sources.kubernetes.rollouts.tracker import RolloutTracker
from noctuary.sources.kubernetes.rollouts.workloads import Key
from noctuary.sources.kubernetes.writer import EventQueue

APPS = "/apis/apps/v1"
CORE = "/api/v1"

T = TypeVar("T", bound=KubeObject)


@dataclass(frozen=True)
class SinkContext:
    """What the sinks of one NamespaceWatches share."""

    queue: EventQueue
    tracker: RolloutTracker
    pods: dict[Key, PodIdentity] = field(default_factory=dict)
    """The pods that exist, by namespace and uid: the watch of pods keeps it."""
    nodes: dict[str, ObjectRef] = field(default_factory=dict)
    """The nodes that exist, by name: the watch of nodes keeps it."""
    objects: ObjectStates = field(default_factory=ObjectStates)
    """What is known of objects that are watched for their changes."""

    def find(self, ref: ObjectRef) -> PodIdentity | None:
        """Return whose a pod, ReplicaSet, workload or mounted claim is; None of an object that is not watched.

        A uid is no secret: it finds only what is in the namespace of who names it, and a pod only by its name as well.
        """
        if ref.kind == "Node":  # by name: the kubelet gives the node's name as its uid
            node = self.nodes.get(ref.name)
            return PodIdentity(node, node.name, "") if node is not None else None
        if ref.kind == "PersistentVolumeClaim":
            return self._mounting(ref.namespace, ref.name)
        pod = self.pods.get((ref.namespace, ref.uid))
        if pod is not None:
            return self.with_owner(pod) if pod.ref.name == ref.name else None
        return self.tracker.identify((ref.namespace, ref.uid))

    def with_owner(self, pod: PodIdentity) -> PodIdentity:
        """Return whose a pod is with its owner's own owner, where that is known by now."""
        owner = self.tracker.identify((pod.ref.namespace, pod.owner_uid)) if pod.owner_uid else None
        if owner is None or (owner.ref.kind, owner.ref.name) == (pod.ref.workload_kind, pod.ref.workload_name):
            return pod
        return pod.owned_by(owner.ref.kind, owner.ref.name)

    def _mounting(self, namespace: str, claim: str) -> PodIdentity | None:
        """Return a pod that mounts a claim: Events about claims are few, so no index is kept."""
        pods = (each for each in self.pods.values() if claim in each.claims and each.ref.namespace == namespace)
        pod = next(pods, None)
        return self.with_owner(pod) if pod is not None else None


@dataclass(frozen=True)
class WatchedKind(Generic[T]):
    """One watched Kubernetes kind: where it is, how it is decoded, and what receives it."""

    api: str
    resource: str
    """The plural, as in paths, in RBAC and in the names of watches."""
    kind: type[T]
    make_sink: Callable[[SinkContext], Sink[T]]
    is_namespaced: bool = True
    field_selector: str = ""
    watch: str = ""
    """The name of its watch, where one resource has several."""
    feeds_rollouts: bool = False
    """Listed before rollouts are looked for: of its own workloads, or of those whose revisions it holds."""
    starts_last: bool = False
    """Watched once all others were listed: its objects are about theirs."""
    is_optional: bool = False
    """Watched unless it is switched off."""
    may_be_absent: bool = False
    """Defined by a CRD that a cluster may lack, or have later."""

    @property
    def name(self) -> str:
        """The name of its watch, in metrics and health."""
        return self.watch or self.resource

    def path(self, namespace: str) -> str:
        """Return the path of its objects in one namespace; in all where that is empty."""
        return f"{self.api}/namespaces/{namespace}/{self.resource}" if namespace else f"{self.api}/{self.resource}"
