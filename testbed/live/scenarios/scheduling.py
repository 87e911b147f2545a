"""Pods that no node takes, and pods that are put off their node."""

from testbed.live.manifests import container, deployment, plain, pod_spec, recreated, service, workload
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario, Truth
from testbed.live.scenarios.truths import BLAMES_ROLLOUT, bad_rollout

_LICENCE = "example.com/licence"
_PENDING = ("placed|pending|node|schedul",)


def _web(place: Place) -> list[Manifest]:
    return [recreated(place.app), service(place.app)]


def _two(place: Place) -> list[Manifest]:
    return [deployment(place.app, replicas=2), service(place.app)]


def _node(place: Place) -> str:
    return str(place.cluster.items("/api/v1/nodes")[0]["metadata"]["name"])


def _selector(place: Place) -> None:
    place.change_pods(nodeSelector={"disk": "ssd"})
    place.wait_event("FailedScheduling")


def _too_big(place: Place) -> None:
    place.change_container(resources={"requests": {"memory": "200Gi"}, "limits": {"memory": "200Gi"}})
    place.wait_event("FailedScheduling")


def _apart(place: Place) -> None:
    rule = {"labelSelector": {"matchLabels": {"app.kubernetes.io/name": place.app}}}
    term = [{**rule, "topologyKey": "kubernetes.io/hostname"}]
    place.change_pods(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}})
    place.wait_event("FailedScheduling")


def _cordoned(place: Place) -> None:
    place.kubectl("cordon", _node(place))
    place.delete_pods()
    place.wait_event("FailedScheduling")


def _uncordon(place: Place) -> None:
    place.kubectl("uncordon", _node(place))


def _tainted(place: Place) -> None:
    place.kubectl("taint", "node", _node(place), "team=batch:NoSchedule", "--overwrite")
    place.delete_pods()
    place.wait_event("FailedScheduling")


def _untaint(place: Place) -> None:
    place.cluster.kubectl("taint", "node", _node(place), "team-", check=False)


def _licensed(place: Place) -> list[Manifest]:
    """Build a service that holds the node's only licence, at a low priority."""
    change = f'[{{"op":"add","path":"/status/capacity/{_LICENCE.replace("/", "~1")}","value":"1"}}]'
    place.kubectl("patch", "node", _node(place), "--subresource=status", "--type=json", f"--patch={change}")
    for name, value in (("live-low", 10), ("live-high", 1000)):
        place.apply(plain("PriorityClass", name, "scheduling.k8s.io/v1", value=value))
    return [
        recreated(place.app, container(resources=_one_licence()), priorityClassName="live-low"),
        service(place.app),
    ]


def _one_licence() -> Manifest:
    return {"requests": {"cpu": "5m", _LICENCE: "1"}, "limits": {_LICENCE: "1"}}


def _preempted(place: Place) -> None:
    important = pod_spec(container(resources=_one_licence()), priorityClassName="live-high")
    place.apply(workload("Deployment", "nightly-report", important))
    place.wait_event("FailedScheduling")


_NODE = Truth(
    "node/node", "node cordoned", ("cordon|unschedulable",), (BLAMES_ROLLOUT,), _PENDING, named="node|control-plane"
)
_TAINT = Truth("node/node", "node tainted", ("taint",), (BLAMES_ROLLOUT,), _PENDING, named="node|control-plane")
_PREEMPTED = Truth("deployment/{app}", "preempted by a more important pod", ("preempt",), (BLAMES_ROLLOUT,), _PENDING)

SCENARIOS = (
    Scenario(
        "node-selector",
        _web,
        bad_rollout("selects a node that is not there", "selector|nodeSelector", symptom=_PENDING),
        _selector,
    ),
    Scenario(
        "too-big",
        _web,
        bad_rollout("asks for more memory than a node has", "memory|resources", symptom=_PENDING),
        _too_big,
    ),
    Scenario(
        "anti-affinity", _two, bad_rollout("pods may not share a node", "affinity", symptom=_PENDING), _apart, pods=3
    ),
    Scenario("preempted-aged", _licensed, _PREEMPTED, _preempted, age=True, pods=2),
    Scenario("cordoned-aged", _web, _NODE, _cordoned, age=True, alone=True, after=_uncordon),
    Scenario("tainted-aged", _web, _TAINT, _tainted, age=True, alone=True, after=_untaint),
)
