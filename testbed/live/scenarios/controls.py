"""Healthy services whose incident has its cause elsewhere, and causes that are not watched."""

from testbed.live.manifests import config_map, deployment, service
from testbed.live.place import Place
from testbed.live.scenario import ERRORS, Manifest, Scenario
from testbed.live.scenarios.truths import nothing, unseen

_CHANGED = "rolled out|rollout|1.4.1|scaled|env|settings|configmap"


def _web(place: Place) -> list[Manifest]:
    return [deployment(place.app, replicas=2), service(place.app)]


def _with_neighbour(place: Place) -> list[Manifest]:
    return [*_web(place), deployment("neighbour")]


def _with_map(place: Place) -> list[Manifest]:
    return [*_web(place), config_map("nobody-reads-this", COLOUR="blue")]


def _good_version(place: Place) -> None:
    place.set_image("1.4.1")
    place.rolled_out()


def _scaled_up(place: Place) -> None:
    place.scale(3)
    place.rolled_out()


def _neighbour_rolled_out(place: Place) -> None:
    place.set_image("1.4.1", name="neighbour")
    place.rolled_out("neighbour")


def _neighbour_breaks(place: Place) -> None:
    place.set_image("2.0.0", name="neighbour")
    place.wait_restarted(1, "neighbour")


def _map_changed(place: Place) -> None:
    place.patch({"data": {"COLOUR": "red"}}, "nobody-reads-this", "configmap")


def _restarted(place: Place) -> None:
    place.kubectl("rollout", "restart", f"deployment/{place.app}")
    place.rolled_out()


def _pod_deleted(place: Place) -> None:
    place.kubectl("delete", "pod", place.pods()[0]["metadata"]["name"])
    place.rolled_out()


def _selector_changed(place: Place) -> None:
    place.patch({"spec": {"selector": {"app.kubernetes.io/name": f"{place.app}-v2"}}}, kind="service", how="merge")


def _port_changed(place: Place) -> None:
    place.patch({"spec": {"ports": [{"port": 80, "targetPort": 8081}]}}, kind="service", how="merge")


_SERVICE = ("service", "selector|port|endpoint|changed")

SCENARIOS = (
    Scenario("healthy", _web, nothing("healthy since its first rollout", _CHANGED), pods=2),
    Scenario("healthy-aged", _web, nothing("healthy since long"), age=True, pods=2, alert=ERRORS),
    Scenario(
        "good-version", _web, nothing("a good version, cause outside", _CHANGED), _good_version, pods=2, alert=ERRORS
    ),
    Scenario(
        "good-version-aged", _web, nothing("a good version, cause outside", _CHANGED), _good_version, age=True, pods=2
    ),
    Scenario("scaled-up-aged", _web, nothing("scaled up, all ready", _CHANGED), _scaled_up, age=True, pods=3),
    Scenario(
        "neighbour-rolled-out",
        _with_neighbour,
        nothing("another service was rolled out", _CHANGED),
        _neighbour_rolled_out,
        pods=3,
    ),
    Scenario(
        "neighbour-breaks-aged",
        _with_neighbour,
        nothing("another service crashes"),
        _neighbour_breaks,
        age=True,
        pods=3,
    ),
    Scenario(
        "map-of-nobody-aged",
        _with_map,
        nothing("a ConfigMap that nobody reads changed", "nobody-reads-this"),
        _map_changed,
        age=True,
        pods=2,
    ),
    Scenario(
        "restarted-aged", _web, nothing("restarted, all ready", "restart|rolled out"), _restarted, age=True, pods=2
    ),
    Scenario("pod-deleted-aged", _web, nothing("one pod was deleted and replaced"), _pod_deleted, age=True, pods=2),
    Scenario(
        "service-selector-aged",
        _web,
        unseen("the Service selects nothing", *_SERVICE),
        _selector_changed,
        age=True,
        pods=2,
    ),
    Scenario(
        "service-port-aged",
        _web,
        unseen("the Service leads to another port", *_SERVICE),
        _port_changed,
        age=True,
        pods=2,
    ),
)
