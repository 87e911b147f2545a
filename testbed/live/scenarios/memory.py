"""Memory and disk that run out."""

from testbed.live.manifests import container, deployment, recreated, service
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario
from testbed.live.scenarios.truths import OWN_LIMITS, bad_rollout, fault

_MEMORY = "memory|OOM"
_OOM = ("OOMKilled", "StartError")


def _web(place: Place) -> list[Manifest]:
    return [deployment(place.app), service(place.app)]


def _recreated(place: Place) -> list[Manifest]:
    return [recreated(place.app), service(place.app)]


def _holding(place: Place) -> list[Manifest]:
    holding = container(env=[{"name": "ALLOCATE_MIB", "value": "24"}])
    return [recreated(place.app, holding), service(place.app)]


def _scratch(place: Place) -> list[Manifest]:
    limits = {"requests": {"cpu": "5m"}, "limits": {"memory": "64Mi", "ephemeral-storage": "20Mi"}}
    written = container(resources=limits, volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}])
    return [deployment(place.app, written, volumes=[{"name": "scratch", "emptyDir": {}}]), service(place.app)]


def _greedy(place: Place) -> None:
    place.set_image("2.2.0")
    place.wait_state("OOMKilled")


def _leak(place: Place) -> None:
    place.misbehave("leak")
    place.wait_state("OOMKilled")


def _lower_limit(place: Place) -> None:
    place.change_container(resources={"requests": {"memory": "8Mi"}, "limits": {"memory": "16Mi"}})
    place.wait_state(*_OOM)


def _fill(place: Place) -> None:
    place.misbehave("fill")
    place.wait_event("Evicted")


SCENARIOS = (
    Scenario("greedy", _web, bad_rollout("out of memory at start", "2.2.0", symptom=(_MEMORY,)), _greedy, pods=2),
    Scenario(
        "greedy-recreate", _recreated, bad_rollout("out of memory at start", "2.2.0", symptom=(_MEMORY,)), _greedy
    ),
    Scenario(
        "limit-lowered",
        _holding,
        bad_rollout("memory limit lowered", "resources|limit|16Mi", symptom=(_MEMORY,)),
        _lower_limit,
    ),
    Scenario(
        "limit-lowered-aged",
        _holding,
        bad_rollout("memory limit lowered", "resources|limit|16Mi", symptom=(_MEMORY,)),
        _lower_limit,
        age=True,
    ),
    Scenario("leak-aged", _web, fault("leaks memory after long", _MEMORY, mend=OWN_LIMITS), _leak, age=True),
    Scenario(
        "leak-two-pods-aged",
        lambda place: [deployment(place.app, replicas=2), service(place.app)],
        fault("leaks memory after long", _MEMORY, mend=OWN_LIMITS),
        _leak,
        age=True,
        pods=2,
    ),
    Scenario(
        "scratch-full-aged",
        _scratch,
        fault(
            "evicted by its own storage limit",
            "ephemeral|storage limit|20Mi|disk limit|own limit",
            symptom=("evicted",),
        ),
        _fill,
        age=True,
    ),
)
