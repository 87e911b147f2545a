"""Too few pods, too many, or an autoscaler that can do no more."""

from typing import Any

from testbed.evaluation.families.common import (
    API,
    DB,
    DOWN,
    ERRORS,
    FAILED_503,
    FRONT,
    SLOW,
    WORKER,
    Play,
    alert,
    failing_requests,
    louder,
)
from testbed.evaluation.recording.ailments import unready
from testbed.evaluation.recording.place import Place
from testbed.evaluation.recording.telling import ramp
from testbed.evaluation.recording.times import written
from testbed.evaluation.scenario import DAY, Scenario, change, fault

Json = dict[str, Any]
HPA = "HorizontalPodAutoscaler/{ns}/{front}"


def scaled(role: str, replicas: int, before: float, paged: str, title: str = DOWN, *, loud: bool = False) -> Play:
    """Somebody scales a workload down."""

    async def play(place: Place) -> None:
        await place.at(-before)
        await place.scale(getattr(place, role), replicas)
        if paged != role:
            await place.fail(getattr(place, paged), unready(FAILED_503))
        if loud:
            await louder(place)
        alert(place, paged, title)

    return play


async def autoscaler(place: Place, highest: int, current: int, cpu: int | None) -> None:
    """Make an autoscaler of the front with the status that its controller would write."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": place.front}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": highest, "metrics": [metric]}
    made = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": place.front},
        "spec": spec,
    }
    await place.write(made, "helm")
    await told(place, current, highest, cpu, place.script.now)


async def told(place: Place, current: int, highest: int, cpu: int | None, at: float) -> None:
    """Write the autoscaler's status."""
    limited, active = current >= highest, cpu is not None
    conditions = [
        {
            "type": "AbleToScale",
            "status": "True",
            "reason": "ReadyForNewScale",
            "message": "recommended size matches current size",
        },
        {
            "type": "ScalingActive",
            "status": str(active),
            "reason": "ValidMetricFound" if active else "FailedGetResourceMetric",
            "message": ""
            if active
            else "the HPA was unable to compute the replica count: unable to get metrics for resource cpu",
        },
        {
            "type": "ScalingLimited",
            "status": str(limited),
            "reason": "TooManyReplicas" if limited else "DesiredWithinRange",
            "message": "the desired replica count is more than the maximum replica count" if limited else "",
        },
    ]
    status: Json = {"currentReplicas": current, "desiredReplicas": current}
    status["conditions"] = [each | {"lastTransitionTime": written(at)} for each in conditions]
    if cpu is not None:
        metric = {"name": "cpu", "current": {"averageUtilization": cpu, "averageValue": "900m"}}
        status["currentMetrics"] = [{"type": "Resource", "resource": metric}]
    await place.api_server.patch(
        "HorizontalPodAutoscaler", place.front, {"status": status}, "kube-controller-manager", "status"
    )


def at_maximum(*, lowered: bool, loud: bool = False) -> Play:
    """The autoscaler is at its maximum: traffic grew beyond it, or somebody lowered it."""

    async def play(place: Place) -> None:
        await place.at(-2 * DAY)
        await autoscaler(place, 6, 2, 45)
        await place.at(-900)
        if lowered:
            await place.edit(
                "HorizontalPodAutoscaler", place.front, lambda it: it["spec"].update(maxReplicas=2), "kubectl-edit"
            )
        else:
            await place.scale(place.front, 6, by="horizontal-pod-autoscaler")
        await place.at(-400)
        await told(place, 2 if lowered else 6, 2 if lowered else 6, 190, -400)
        place.red(place.front, errors=ramp(0.1, 9.0, -400), seconds=ramp(0.1, 3.0, -500), rate=ramp(100, 420, -1200))
        if loud:
            await louder(place)
        alert(place, "front", SLOW)

    return play


async def without_metrics(place: Place) -> None:
    """The metrics server is down: the autoscaler cannot follow the morning's traffic."""
    await place.at(-2 * DAY)
    await autoscaler(place, 10, 2, 50)
    await place.at(-2400)
    await told(place, 2, 10, None, -2400)
    failure = "failed to get cpu utilization: no metrics returned from resource metrics API"
    await place.tell(
        "HorizontalPodAutoscaler",
        place.front,
        "FailedGetResourceMetric",
        failure,
        -2400,
        5,
        count=160,
        component="horizontal-pod-autoscaler",
    )
    failing_requests(place, place.front, -300, errors=5.0, seconds=2.4)
    alert(place, "front", SLOW)


async def halved(place: Place) -> None:
    """A clean-up halves the pods of what all call."""
    await place.at(-600)
    await place.scale(place.api, 1, by="kubectl-scale")
    await place.at(-300)
    await place.fail(place.api, unready("context deadline exceeded (Client.Timeout exceeded while awaiting headers)"))
    failing_requests(place, place.api, -500, errors=12.0, seconds=3.0)
    alert(place, "api", SLOW)


SCENARIOS = [
    Scenario("scaling/to-nothing", change(FRONT, "scaling", "stopped"), scaled("front", 0, 120, "front")),
    Scenario("scaling/database-to-nothing", change(DB, "scaling", "stopped"), scaled("db", 0, 260, "api", ERRORS)),
    Scenario(
        "scaling/cache-to-nothing-beside-a-loud-release",
        change("Deployment/{ns}/{cache}", "scaling", "stopped", slices="louder"),
        scaled("cache", 0, 500, "api", ERRORS, loud=True),
    ),
    Scenario(
        "scaling/worker-to-nothing",
        change(WORKER, "scaling", "stopped"),
        scaled("worker", 0, 1700, "worker", "{name}: queue age above 20 min"),
    ),
    Scenario("scaling/halved", change(API, "scaling", slices="metrics"), halved),
    Scenario(
        "scaling/maximum-lowered",
        change(HPA, "config_change", "autoscaling", slices="metrics", also=(FRONT,)),
        at_maximum(lowered=True),
    ),
    Scenario(
        "scaling/maximum-lowered-beside-a-loud-release",
        change(HPA, "config_change", "autoscaling", slices="metrics louder", also=(FRONT,)),
        at_maximum(lowered=True, loud=True),
    ),
    Scenario(
        "scaling/traffic-beyond-the-maximum",
        fault(HPA, "autoscaling", slices="metrics", also=(FRONT,)),
        at_maximum(lowered=False),
    ),
    Scenario(
        "scaling/autoscaler-without-metrics",
        fault(HPA, "autoscaling", slices="metrics", also=(FRONT,)),
        without_metrics,
    ),
]
