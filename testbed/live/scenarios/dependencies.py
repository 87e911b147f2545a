"""A service that is not ready because what it calls is down."""

from typing import Any

from testbed.live.manifests import config_map, container, deployment, recreated, service, variables
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario
from testbed.live.scenarios.images import PULLING, TYPO
from testbed.live.scenarios.truths import OWN_LIMITS, OWN_REPLICAS, OWN_TEMPLATE, of_callee

_SETTINGS: Manifest = {"envFrom": [{"configMapRef": {"name": "settings"}}]}


def _pair(place: Place, **callee: Any) -> list[Manifest]:
    caller = container(env=variables(CALLS=f"http://{place.callee}/"))
    called = recreated(place.callee, container(**callee))
    return [called, service(place.callee), deployment(place.app, caller), service(place.app)]


def _plain(place: Place) -> list[Manifest]:
    return _pair(place)


def _configured(place: Place) -> list[Manifest]:
    return [config_map("settings", COLOUR="blue"), *_pair(place, **_SETTINGS)]


def _scaled_away(place: Place) -> None:
    place.scale(0, place.callee)
    place.wait_unready()
    place.wait_event("Unhealthy")


def _crashes(place: Place) -> None:
    place.set_image("2.0.0", place.callee)
    place.wait_restarted(2, place.callee)
    place.wait_unready()


def _leaks(place: Place) -> None:
    for count in (1, 2, 3):
        place.misbehave("leak", place.callee)
        place.wait_restarted(count, place.callee)
        place.wait(
            "its restart", lambda: place.answers(place.callee) or "CrashLoopBackOff" in place.states(place.callee)
        )
    place.wait_unready()


def _not_pulled(place: Place) -> None:
    place.set_image(TYPO, place.callee)
    place.wait_state(*PULLING, name=place.callee)
    place.wait_unready()


def _map_deleted(place: Place) -> None:
    place.kubectl("delete", "configmap", "settings")
    place.delete_pods(place.callee)
    place.wait_state("CreateContainerConfigError", name=place.callee)
    place.wait_unready()


SCENARIOS = (
    Scenario(
        "callee-at-zero",
        _plain,
        of_callee("scaled to 0", "scaled", "to 0", mend=OWN_REPLICAS),
        _scaled_away,
        pods=2,
        callee=True,
    ),
    Scenario(
        "callee-at-zero-aged",
        _plain,
        of_callee("scaled to 0", "scaled", "to 0", mend=OWN_REPLICAS),
        _scaled_away,
        age=True,
        pods=2,
        callee=True,
    ),
    Scenario(
        "callee-crashes",
        _plain,
        of_callee("crashes since a rollout", "2.0.0", mend=OWN_TEMPLATE),
        _crashes,
        pods=2,
        callee=True,
    ),
    Scenario(
        "callee-not-pulled",
        _plain,
        of_callee("image tag does not exist", TYPO, mend=OWN_TEMPLATE),
        _not_pulled,
        pods=2,
        callee=True,
    ),
    Scenario(
        "callee-leaks-aged",
        _plain,
        of_callee("out of memory", "memory", mend=OWN_LIMITS),
        _leaks,
        age=True,
        pods=2,
        callee=True,
    ),
    Scenario(
        "callee-map-deleted-aged",
        _configured,
        of_callee("its ConfigMap was deleted", "settings"),
        _map_deleted,
        age=True,
        pods=2,
        callee=True,
    ),
)
