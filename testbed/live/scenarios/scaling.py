"""Scalings: to none, away and back, and up into what gives no room."""

from testbed.live.manifests import container, deployment, labels, plain, quota, recreated, service
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario, Truth
from testbed.live.scenarios.truths import BLAMES_ROLLOUT, OWN_REPLICAS, nothing


def _web(place: Place) -> list[Manifest]:
    return [deployment(place.app, replicas=2), service(place.app)]


def _within_quota(place: Place) -> list[Manifest]:
    return [quota("budget", pods="2"), recreated(place.app, replicas=2), service(place.app)]


def _apart(place: Place) -> list[Manifest]:
    rule = {"labelSelector": {"matchLabels": labels(place.app)}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}
    return [recreated(place.app, affinity=affinity), service(place.app)]


def _heavy(place: Place) -> list[Manifest]:
    heavy = container(resources={"requests": {"cpu": "5m", "memory": "4Gi"}})
    return [deployment(place.app, heavy), service(place.app)]


def _to_none(place: Place) -> None:
    place.scale(0)
    place.wait("no pods", lambda: not place.pods())


def _down(place: Place) -> None:
    place.scale(1)
    place.wait("one pod", lambda: len(place.pods()) == 1)


def _away_and_back(place: Place) -> None:
    _to_none(place)
    place.scale(2)
    place.rolled_out()


def _up(reason: str, replicas: int, place: Place) -> None:
    place.scale(replicas)
    place.wait_event(reason)


def _into_quota(place: Place) -> None:
    _up("FailedCreate", 5, place)


def _into_affinity(place: Place) -> None:
    _up("FailedScheduling", 3, place)


def _into_capacity(place: Place) -> None:
    _up("FailedScheduling", 8, place)


def _lower_quota(place: Place) -> None:
    place.patch({"spec": {"hard": {"pods": "0"}}}, "budget", "resourcequota", "merge")
    place.delete_pods()
    place.wait_event("FailedCreate")


def _autoscaler_steps_down(place: Place) -> None:
    """Write the scale as the autoscaler does, under its name."""
    options = ("--subresource=scale", "--field-manager=kube-controller-manager", "--type=merge")
    place.kubectl("patch", "deployment", place.app, *options, '--patch={"spec":{"replicas":2}}')
    place.wait("two pods", lambda: len(place.pods()) == 2)


def _autoscaled(place: Place) -> list[Manifest]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": place.app}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4, "metrics": [cpu]}
    scaler = plain("HorizontalPodAutoscaler", place.app, "autoscaling/v2", spec=spec)
    return [deployment(place.app, replicas=3), service(place.app), scaler]


def _scaled(what: str, *says: str, symptom: tuple[str, ...] = ()) -> Truth:
    return Truth("deployment/{app}", what, ("scaled", *says), (BLAMES_ROLLOUT,), symptom, mend=OWN_REPLICAS)


_ROOM = ("pending|placed|quota|refused|cannot",)
_QUOTA = Truth("resourcequota/budget", "quota lowered", ("quota",), (BLAMES_ROLLOUT,), named="budget|quota")

SCENARIOS = (
    Scenario("scaled-to-none", _web, _scaled("to 0 by hand", "to 0"), _to_none, pods=2),
    Scenario("scaled-to-none-aged", _web, _scaled("to 0 by hand", "to 0"), _to_none, age=True, pods=2),
    Scenario("scaled-down-aged", _web, _scaled("down by hand right before", "to 1"), _down, age=True, pods=2),
    Scenario("away-and-back", _web, nothing("scaled to 0 and back, all ready"), _away_and_back, pods=2),
    Scenario("away-and-back-aged", _web, nothing("scaled to 0 and back, all ready"), _away_and_back, age=True, pods=2),
    Scenario(
        "autoscaler-steps-down-aged",
        _autoscaled,
        nothing("the autoscaler took a pod away, as it should"),
        _autoscaler_steps_down,
        age=True,
        pods=3,
    ),
    Scenario("into-quota", _within_quota, _scaled("up into a quota", "to 5", symptom=_ROOM), _into_quota, pods=2),
    Scenario(
        "into-quota-aged",
        _within_quota,
        _scaled("up into a quota", "to 5", symptom=_ROOM),
        _into_quota,
        age=True,
        pods=2,
    ),
    Scenario("into-affinity", _apart, _scaled("up into anti-affinity", "to 3", symptom=_ROOM), _into_affinity, pods=3),
    Scenario(
        "into-affinity-aged", _apart, _scaled("up into anti-affinity", "to 3", symptom=_ROOM), _into_affinity, age=True
    ),
    Scenario(
        "into-capacity", _heavy, _scaled("up beyond the node's room", "to 8", symptom=_ROOM), _into_capacity, pods=6
    ),
    Scenario("quota-lowered-aged", _within_quota, _QUOTA, _lower_quota, age=True, pods=2),
)
