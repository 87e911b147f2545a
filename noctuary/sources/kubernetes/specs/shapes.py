"""What pods of a namespace look like, once per template: read from the pods, else from the template of a workload."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from noctuary.kube.objects import seconds
from noctuary.kube.odd import leaving_out
from noctuary.models.context_event import ObjectRef
from noctuary.sources.kubernetes.containers.pod_parts import was_never_ready
from noctuary.sources.kubernetes.kinds.pods import is_leaving, is_ready
from noctuary.sources.kubernetes.live_namespace import Namespace
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.specs.pods import ContainerPort, LivePod, LivePodSpec

_Key = tuple[str, str, str]


class Shape(msgspec.Struct, frozen=True, dict=True):
    """Pods of one template of one workload; `pods` none: a workload that has none, as its template would make them.

    What admission adds to pods, such as sidecars, is in the pods only, so they go first.
    """

    kind: str
    workload: str
    service_name: str
    template_hash: str
    labels: Mapping[str, str]
    spec: LivePodSpec
    pods: list[LivePod] = []
    view: WorkloadView | None = None
    """The workload, where its kind is read."""

    @property
    def is_ready(self) -> bool:
        """Whether any of its pods is ready."""
        return any(is_ready(pod) for pod in self.pods)

    @property
    def restarted_while_ready(self) -> bool:
        """Whether any of its pods was ready before, so that its probes can be answered."""
        return any(not was_never_ready(pod.metadata, pod.status) for pod in self.pods)

    @property
    def made_at(self) -> float:
        """When the oldest of its pods was made (seconds since the epoch); 0 where it has none."""
        return min((seconds(pod.metadata.creation_timestamp) for pod in self.pods), default=0.0)

    def ports(self) -> list[ContainerPort]:
        """Return the ports that its containers declare, those of sidecars among them."""
        return [port for container in self.spec.running() for port in container.ports()]

    def ref(self, namespace: str) -> ObjectRef:
        """Return the reference to its workload."""
        return ObjectRef(self.kind, namespace, self.workload, "", self.kind, self.workload, labels=dict(self.labels))


class Shapes:
    """The shapes of a namespace, found by what selects them: the time does not grow with the number of templates."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self.all = list(shapes)
        self._by_label: dict[tuple[str, str], list[Shape]] = {}
        for shape in self.all:
            for pair in shape.labels.items():
                self._by_label.setdefault(pair, []).append(shape)

    def selected(self, selector: Mapping[str, str]) -> list[Shape]:
        """Return what a Service's selector finds; an empty one finds none."""
        return [shape for shape in self._fewest(selector) if selector.items() <= shape.labels.items()]

    def cost(self, selector: Mapping[str, str]) -> int:
        """Return about how many comparisons it takes to find what a selector finds."""
        return len(selector) + len(self._fewest(selector)) * (1 + len(selector) // 4)

    def _fewest(self, selector: Mapping[str, str]) -> list[Shape]:
        """Return the shapes with that pair of a selector which the fewest carry."""
        return min((self._by_label.get(pair, []) for pair in selector.items()), key=len, default=[])


def shapes_of(found: Namespace) -> Iterator[Shape]:
    """Yield the shapes of a namespace: of all pods that stay, then of workloads that have no pod."""
    views = {(view.kind, view.name): view for view in found.workloads.values()}
    with_pods: set[tuple[str, str]] = set()
    for (kind, name, template_hash), pods in _by_template(found).items():
        first = pods[0]
        with_pods.add((kind, name))
        service = found.identify(first).service_name
        yield Shape(
            kind, name, service, template_hash, first.metadata.labels, first.spec, pods, views.get((kind, name))
        )
    for key, template in found.templates.items():
        view = found.workloads.get(key)
        if view is None or (view.kind, view.name) in with_pods:
            continue
        with leaving_out(view.ref):
            spec = msgspec.json.decode(template.spec, type=LivePodSpec)
            yield Shape(view.kind, view.name, view.service_name, "", template.metadata.labels, spec, view=view)


def _by_template(found: Namespace) -> dict[_Key, list[LivePod]]:
    groups: dict[_Key, list[LivePod]] = {}
    for pod, kind, name, template_hash in _staying(found.pods.values(), found):
        groups.setdefault((kind, name, template_hash), []).append(pod)
    return groups


def _staying(pods: Iterable[LivePod], found: Namespace) -> Iterator[tuple[LivePod, str, str, str]]:
    for pod in pods:
        with leaving_out(pod.metadata):
            identity = found.identify(pod)
            if not is_leaving(pod, identity.ref.workload_kind):
                yield pod, identity.ref.workload_kind, identity.ref.workload_name, identity.template_hash
