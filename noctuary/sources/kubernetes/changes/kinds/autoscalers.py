"""HorizontalPodAutoscalers: how far they may scale, and by what; what they do is told of their workload."""

from typing import Any, ClassVar

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.facts import Fact, Facts, called, opaque, plain
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes


class TargetRef(Struct):
    """The workload that is scaled."""

    kind: str = ""
    name: str = ""


class MetricTarget(Struct):
    """What a metric is held at."""

    average_utilization: int | None = None
    average_value: Any = None
    value: Any = None


class ResourceMetric(Struct):
    """A metric of the pods' own resources."""

    name: str = ""
    target: MetricTarget = msgspec.field(default_factory=MetricTarget)


class Metric(Struct):
    """One metric; all but those of resources are only compared."""

    type: str = ""
    resource: ResourceMetric | None = None
    container_resource: Any = None
    pods: Any = None
    object: Any = None
    external: Any = None


class AutoscalerSpec(Struct):
    """What an autoscaler is to do."""

    scale_target_ref: TargetRef = msgspec.field(default_factory=TargetRef)
    min_replicas: int = 1
    max_replicas: int = 0
    metrics: list[Metric] = msgspec.field(default_factory=list)
    behavior: Any = None


class HorizontalPodAutoscaler(ChangedObject):
    """autoscaling/v2 HorizontalPodAutoscaler."""

    group: ClassVar[str] = "autoscaling"
    spec: AutoscalerSpec = msgspec.field(default_factory=AutoscalerSpec)


def autoscaler_facts(obj: HorizontalPodAutoscaler) -> Facts:
    """Return its bounds, its target, and what it scales by."""
    spec = obj.spec
    facts = {
        "minReplicas": plain(spec.min_replicas),
        "maxReplicas": plain(spec.max_replicas),
        "target": plain(f"{spec.scale_target_ref.kind}/{spec.scale_target_ref.name}"),
        "behavior": opaque(spec.behavior),
        "other metrics": opaque([msgspec.to_builtins(each) for each in spec.metrics if each.resource is None]),
    }
    return facts | {called("target of", each.resource.name): _target(each.resource.target)
                    for each in spec.metrics if each.resource is not None}  # fmt: skip


def _target(target: MetricTarget) -> Fact:
    if target.average_utilization is not None:
        return plain(f"{target.average_utilization}%")
    return plain(target.average_value if target.average_value is not None else target.value)


def autoscaler_reach(obj: HorizontalPodAutoscaler) -> Reach:
    """Return the pods of the workload that it scales."""
    return Reach(workload=obj.spec.scale_target_ref.name)


AUTOSCALERS = watch_changes(
    "/apis/autoscaling/v2",
    "horizontalpodautoscalers",
    HorizontalPodAutoscaler,
    ChangeKind(autoscaler_facts, autoscaler_reach),
)
