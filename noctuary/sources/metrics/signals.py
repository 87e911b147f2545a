"""From series to signals of one workload each: counters become rates, series of one thing are added up."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import msgspec

from noctuary.models.diagnosis import PodView, Subject
from noctuary.models.signals import SignalKind
from noctuary.sources.metrics.answers import Point, Series
from noctuary.sources.metrics.kinds import is_counter, kind_of

NAMESPACE_LABELS = (
    "namespace",
    "exported_namespace",
    "kubernetes_namespace",
    "k8s_namespace_name",
    "destination_workload_namespace",
    "destination_service_namespace",
    "kube_namespace",
)
WORKLOAD_LABELS: tuple[tuple[str, str], ...] = (
    ("deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("k8s_deployment_name", "Deployment"),
    ("k8s_statefulset_name", "StatefulSet"),
    ("k8s_daemonset_name", "DaemonSet"),
    ("kube_deployment", "Deployment"),
    ("destination_workload", ""),
    ("workload", ""),
)
"""What names a workload, and its kind where the label tells; the callee of a mesh metric is whom it is about."""
NAME_LABELS = (
    "service",
    "service_name",
    "destination_service_name",
    "app",
    "app_kubernetes_io_name",
    "component",
    "job",
)
"""What names a service, which is the workload of that name where there is one."""
POD_LABELS = ("pod", "exported_pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name")
_AVERAGED = frozenset({SignalKind.LATENCY, SignalKind.READINESS})
"""Of pods that run side by side the middle is told, of everything else the sum."""


class Signal(msgspec.Struct, frozen=True):
    """One thing that was measured of one workload; `name` is the metric's, for people."""

    kind: SignalKind
    name: str
    subject: Subject
    points: list[Point]


class Workloads:
    """Finds the workload that labels name among the pods that were read."""

    def __init__(self, pods: Iterable[PodView], default: Subject) -> None:
        self._default = default
        self._by_pod: dict[tuple[str, str], Subject] = {}
        self._by_name: dict[tuple[str, str], Subject] = {}
        for pod in pods:
            subject = Subject(pod.workload_kind, pod.namespace, pod.workload)
            self._by_pod[pod.namespace, pod.name] = subject
            for name in (pod.workload, pod.service):
                for namespace in (pod.namespace, ""):
                    self._by_name.setdefault((namespace, name), subject)

    def find(self, labels: dict[str, str]) -> Subject:
        """Return the workload of a series; the default, the incident's own, where labels name none at all."""
        namespace = _first(labels, NAMESPACE_LABELS)
        pod = _first(labels, POD_LABELS)
        if (namespace, pod) in self._by_pod:
            return self._by_pod[namespace, pod]
        for label, kind in WORKLOAD_LABELS:
            if name := labels.get(label, ""):
                return self._named(namespace, name) or Subject(kind, namespace or self._default.namespace, name)
        for label in NAME_LABELS:
            name = labels.get(label, "").rpartition("/")[2]
            if name and (found := self._named(namespace, name)) is not None:
                return found
        owner = _owner_of(pod)
        if pod:
            return self._named(namespace, owner) or Subject("", namespace or self._default.namespace, owner)
        named = _first(labels, NAME_LABELS).rpartition("/")[2]
        return Subject("", namespace or self._default.namespace, named) if named and namespace else self._default

    def _named(self, namespace: str, name: str) -> Subject | None:
        return self._by_name.get((namespace, name)) if name else None


def read_signals(found: Iterable[Series], workloads: Workloads) -> list[Signal]:
    """Return the signals of all series that measure something known."""
    groups: dict[tuple[SignalKind, str, Subject], list[list[Point]]] = defaultdict(list)
    for series in found:
        kind = kind_of(series)
        points = rate(series.points) if is_counter(series) else series.points
        if kind is not None and points:
            groups[kind, series.name, workloads.find(series.labels)].append(points)
    return [
        Signal(kind, name, subject, _joined(parts, _middle if kind in _AVERAGED else sum))
        for (kind, name, subject), parts in groups.items()
    ]


def rate(points: list[Point]) -> list[Point]:
    """Return the growth per second of a counter, each dated at its end; a fall is a restart from nothing."""
    return [
        (at, (value - before if value >= before else value) / (at - since))
        for (since, before), (at, value) in pairwise(points)
        if at > since
    ]


def _joined(parts: list[list[Point]], join: Callable[[list[float]], float]) -> list[Point]:
    if len(parts) == 1:
        return parts[0]
    values: dict[float, list[float]] = defaultdict(list)
    for at, value in (point for part in parts for point in part):
        values[at].append(value)
    return [(at, join(values[at])) for at in sorted(values)]


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _first(labels: dict[str, str], names: Iterable[str]) -> str:
    return next(_values(labels, names), "")


def _values(labels: dict[str, str], names: Iterable[str]) -> Iterator[str]:
    return (value for name in names if (value := labels.get(name, "")))


def _owner_of(pod: str) -> str:
    """Return the workload's name in a pod's name: without the pod's own end, and the hash of a ReplicaSet's."""
    name, _, end = pod.rpartition("-")
    if end.isdecimal():
        return name
    owner, _, template = name.rpartition("-")
    is_hash = 6 <= len(template) <= 10 and any(char.isdigit() for char in template)
    return owner if owner and is_hash else name or pod
