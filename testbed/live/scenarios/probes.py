"""Probes that fail, and the containers beside the main one."""

from testbed.live.manifests import container, deployment, probe, recreated, service, variables
from testbed.live.place import Place
from testbed.live.scenario import ERRORS, Manifest, Scenario
from testbed.live.scenarios.truths import bad_rollout, fault

_SIDECAR_CRASH = variables(EXIT_AFTER_MS="300", EXIT_CODE="5", PORT="9000")


def _web(place: Place) -> list[Manifest]:
    return [recreated(place.app), service(place.app)]


def _with_liveness(place: Place) -> list[Manifest]:
    checked = container(livenessProbe=probe("/live"), env=variables(TERM_EXIT_CODE="2"))
    return [deployment(place.app, checked), service(place.app)]


def _with_sidecar(place: Place) -> list[Manifest]:
    proxy = container(name="proxy", env=variables(PORT="9000"), readinessProbe=None, ports=None)
    return [recreated(place.app, container(), proxy), service(place.app)]


def _never_ready(place: Place) -> None:
    place.set_image("2.4.0")
    place.wait_event("Unhealthy")


def _hang(place: Place) -> None:
    place.misbehave("hang")
    place.wait_restarted(1)


def _hang_for_good(place: Place) -> None:
    """It hangs again after each restart."""
    for count in (1, 2, 3):
        place.misbehave("hang")
        place.wait_restarted(count)
        place.wait("its restart", lambda: place.answers() or "CrashLoopBackOff" in place.states())
    place.misbehave("hang")


def _unready(place: Place) -> None:
    place.misbehave("unready")
    place.wait_event("Unhealthy")


def _wrong_liveness(place: Place) -> None:
    place.change_container(livenessProbe=probe("/livez-new"))
    place.wait_restarted(1)


def _slow_start(place: Place) -> None:
    place.change_container(image="shop.example.com/app:2.3.0", startupProbe=probe("/live", failureThreshold=4))
    place.wait_restarted(1)


def _bad_sidecar(place: Place) -> None:
    proxy = {"name": "proxy", "env": _SIDECAR_CRASH}
    place.patch({"spec": {"template": {"spec": {"containers": [proxy]}}}})
    place.wait_restarted(1)


def _bad_init(place: Place) -> None:
    init = container("2.0.1", name="migrate", readinessProbe=None, ports=None)
    place.change_pods(initContainers=[init])
    place.wait_state("CrashLoopBackOff", "Error")


SCENARIOS = (
    Scenario(
        "never-ready", _web, bad_rollout("new version is never ready", "2.4.0", symptom=("readiness",)), _never_ready
    ),
    Scenario(
        "never-ready-aged",
        _web,
        bad_rollout("new version is never ready", "2.4.0", symptom=("readiness",)),
        _never_ready,
        age=True,
    ),
    Scenario(
        "unready-late-aged",
        lambda place: [deployment(place.app, replicas=2), service(place.app)],
        fault("not ready any more, by itself", "readiness|not ready"),
        _unready,
        age=True,
        pods=2,
    ),
    Scenario(
        "liveness-kill-aged",
        _with_liveness,
        fault("hangs and is killed by its liveness probe; exits with 2 on TERM", "liveness", symptom=("exit code 2",)),
        _hang_for_good,
        age=True,
    ),
    Scenario(
        "liveness-path",
        _with_liveness,
        bad_rollout("liveness probe of another path", "liveness|/livez-new|probe", symptom=("exit code 2",)),
        _wrong_liveness,
        pods=2,
    ),
    Scenario(
        "slow-start",
        _web,
        bad_rollout("starts slower than its startup probe allows", "2.3.0", symptom=("startup",)),
        _slow_start,
    ),
    Scenario(
        "sidecar-crash",
        _with_sidecar,
        bad_rollout("sidecar crashes after its env changed", "proxy", symptom=("crash", "exit code 5")),
        _bad_sidecar,
    ),
    Scenario(
        "init-crash",
        _web,
        bad_rollout("init container that fails was added", "migrate|init", symptom=("exit code 3",)),
        _bad_init,
    ),
    Scenario(
        "hung-once-aged",
        _with_liveness,
        fault("hung, was killed by its liveness probe and is well again", "liveness", symptom=("exit code 2",)),
        _hang,
        age=True,
        alert=ERRORS,
    ),
)
