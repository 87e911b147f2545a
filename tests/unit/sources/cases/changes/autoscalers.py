"""HorizontalPodAutoscalers: bounds and targets, not what they do."""

from functools import partial

from noctuary.models import details
from tests.unit.sources.changed_case import changes, deletion, spec
from tests.unit.sources.watched_case import Manifest


def autoscaler(least: int = 2, most: int = 10, cpu: int = 80, **fields: object) -> Manifest:
    """Return HorizontalPodAutoscaler web."""
    target = {"kind": "Deployment", "name": "web"}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": cpu}}}
    return spec(
        "web", {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most, "metrics": [metric], **fields}
    )


change = partial(changes, "horizontalpodautoscalers")
BEFORE = autoscaler()

CASES = [
    change("least", BEFORE, autoscaler(1), "minReplicas 2 -> 1", **{f"details.{details.REACH}": '{"workload":"web"}'}),
    change("most", BEFORE, autoscaler(most=3), "maxReplicas 10 -> 3"),
    change("what it scales by", BEFORE, autoscaler(cpu=95), "target of cpu 80% -> 95%"),
    change("how fast", BEFORE, autoscaler(behavior={"scaleUp": {"selectPolicy": "Disabled"}}), "behavior"),
    change("status only", BEFORE, BEFORE | {"status": {"desiredReplicas": 7}}, *()),
    deletion("horizontalpodautoscalers", "deleted", BEFORE),
]
