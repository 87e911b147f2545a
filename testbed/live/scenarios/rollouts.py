"""Rollouts that change no image, restarts, and rollouts that others own."""

from testbed.live.manifests import config_map, container, deployment, probe, recreated, service, variables
from testbed.live.place import Place
from testbed.live.scenario import ERRORS, Manifest, Scenario, Truth
from testbed.live.scenarios.truths import ROLLOUT, bad_rollout


def _web(place: Place) -> list[Manifest]:
    return [deployment(place.app, container(env=variables(POOL="10")), replicas=2), service(place.app)]


def _recreated(place: Place) -> list[Manifest]:
    return [recreated(place.app, container(env=variables(POOL="10"))), service(place.app)]


def _configured(place: Place) -> list[Manifest]:
    named = container(envFrom=[{"configMapRef": {"name": "settings"}}])
    return [config_map("settings", POOL="10"), deployment(place.app, named), service(place.app)]


def _pool_of_none(place: Place) -> None:
    place.change_container(env=variables(POOL="0"))
    place.wait_restarted(1)


def _small_pool(place: Place) -> None:
    place.change_container(env=variables(POOL="2"))
    place.rolled_out()


def _settings_and_restart(value: str, place: Place) -> None:
    place.patch({"data": {"POOL": value}}, "settings", "configmap")
    place.kubectl("rollout", "restart", f"deployment/{place.app}")


def _settings_crash(place: Place) -> None:
    _settings_and_restart("0", place)
    place.wait_restarted(1)


def _settings_misbehave(place: Place) -> None:
    _settings_and_restart("2", place)
    place.rolled_out()


def _wrong_path(place: Place) -> None:
    place.change_container(readinessProbe=probe("/readyz-new"))
    place.wait_event("Unhealthy")


def _added_and_undone(place: Place) -> None:
    """The undo only takes a field away."""
    place.change_container(env=variables(NEEDS="QUEUE_URL"))
    place.wait_restarted(1)
    place.kubectl("rollout", "undo", f"deployment/{place.app}")
    place.rolled_out()


_UNDONE = Truth(
    "deployment/{app}", "rollout: env added, already rolled back", ("rolled back|undone|env|NEEDS",), symptom=(ROLLOUT,)
)
_CONFIG_MAP = Truth("configmap/settings", "ConfigMap changed, then a restart", ("settings|configmap",), (), ("crash",))
_CONFIG_MAP_5XX = Truth("configmap/settings", "ConfigMap changed, then a restart", ("settings|configmap",))

SCENARIOS = (
    Scenario("env-crash", _recreated, bad_rollout("env only", "env|POOL", symptom=("crash",)), _pool_of_none),
    Scenario("env-crash-rolling", _web, bad_rollout("env only", "env|POOL", symptom=("crash",)), _pool_of_none, pods=3),
    Scenario("env-5xx", _web, bad_rollout("env only, pods are ready", "env|POOL"), _small_pool, pods=2, alert=ERRORS),
    Scenario(
        "env-5xx-aged",
        _web,
        bad_rollout("env only, pods are ready", "env|POOL"),
        _small_pool,
        age=True,
        pods=2,
        alert=ERRORS,
    ),
    Scenario("env-added-undone", _recreated, _UNDONE, _added_and_undone),
    Scenario("settings-restart-crash", _configured, _CONFIG_MAP, _settings_crash, pods=2),
    Scenario("settings-restart-5xx", _configured, _CONFIG_MAP_5XX, _settings_misbehave, alert=ERRORS),
    Scenario("settings-restart-5xx-aged", _configured, _CONFIG_MAP_5XX, _settings_misbehave, age=True, alert=ERRORS),
    Scenario(
        "readiness-path",
        _recreated,
        bad_rollout("readiness probe of another path", "readiness|/readyz-new", symptom=("readiness",)),
        _wrong_path,
    ),
)
