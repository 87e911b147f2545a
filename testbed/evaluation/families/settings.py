"""Variables, ConfigMaps, Secrets and flags of the command line that are wrong or missing."""

from testbed.evaluation.families.common import (
    API,
    ERRORS,
    FRONT,
    PAY,
    SLOW,
    WORKER,
    Play,
    alert,
    failing_requests,
    louder,
    released,
    then,
)
from testbed.evaluation.recording.ailments import crash, no_configuration, saying, unready, well
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change, fault

PARSE = 'level=fatal msg="cannot parse POOL_SIZE" error="strconv.Atoi: parsing \\"fifty\\": invalid syntax"\n'
YAML = "panic: yaml: line 2: mapping values are not allowed in this context\n\ngoroutine 1 [running]:\nmain.load()\n"
NO_MAP = 'configmap "{name}-flags" not found'
CRASHED = ("rollout", "crash_loop", "bad_configuration")


def references(kind: str, missing: str) -> Play:
    """A release reads a ConfigMap, Secret or key that does not exist."""

    async def play(place: Place) -> None:
        name = place.api
        source = (
            {"secretRef": {"name": f"{name}-token"}}
            if kind == "secret"
            else {"configMapRef": {"name": f"{name}-flags"}}
        )
        await place.at(-360)
        await place.fail(name, no_configuration(missing.format(name=name)), new=True)
        await place.roll(name, "4.0.2", envFrom=[source])
        alert(place, "api")

    return play


async def deleted_map(place: Place) -> None:
    """Somebody deletes a ConfigMap; a pod that moves to another node needs it an hour later."""
    name = place.pay
    await place.at(-1500)
    await place.remove("ConfigMap", f"{name}-settings")
    await place.at(-200)
    await place.fail(name, no_configuration(f'configmap "{name}-settings" not found'), new=True)
    for pod in await place.pods(name):
        await place.remove("Pod", pod["metadata"]["name"])
    alert(place, "pay")


def map_changed(*, restarts: bool, role: str = "api", loud: bool = False) -> Play:
    """A ConfigMap is edited; its readers take it up by themselves, or by the restart that follows."""

    async def play(place: Place) -> None:
        name = getattr(place, role)
        await place.at(-420)
        text = "timeout 2s:\n  retries: 3\n" if restarts else "timeout: 50ms\nretries: 0\n"
        await place.edit("ConfigMap", f"{name}-settings", lambda made: made["data"].update({"settings.yaml": text}))
        await place.at(-300)
        if restarts:
            await place.fail(name, crash(YAML, 2), new=True)
            await place.restart(name)
        else:
            log = "WARN deadline exceeded after 50ms calling upstream\n" * 20
            await place.fail(name, saying(log, unready("HTTP probe failed with statuscode: 500")))
            failing_requests(place, name, -290)
        if loud:
            await louder(place)
        alert(place, role, ERRORS)

    return play


async def pool_shrunk(place: Place) -> None:
    """A release lowers the size of a pool: everything is ready, and slow."""
    await place.at(-480)
    await place.roll(place.pay, env={"POOL_SIZE": "1"}, by="kubectl-edit")
    failing_requests(place, place.pay, -460, errors=6.0, seconds=4.0)
    place.measure("db_pool_pending_connections", place.pay, lambda at: 45.0 if at > -460 else 0.2)
    await place.fail(
        place.pay, saying("WARN timed out waiting for a connection from the pool (size 1)\n" * 9, well), new=True
    )
    alert(place, "pay", SLOW)


async def secret_rotated(place: Place) -> None:
    """A Secret is replaced by one with a wrong password; the pods that are restarted cannot log in."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{place.pay}-db"},
        "stringData": {"password": "a"},
    }
    await place.at(-86_400)
    await place.write(secret)
    source = [{"secretRef": {"name": f"{place.pay}-db"}}]
    await place.roll(place.pay, envFrom=source)
    await place.at(-500)
    await place.edit("Secret", f"{place.pay}-db", lambda made: made["stringData"].update({"password": "b"}))
    await place.at(-400)
    log = 'FATAL: password authentication failed for user "app" (SQLSTATE 28P01)\n'
    await place.fail(place.pay, crash(log), new=True)
    await place.restart(place.pay)
    alert(place, "pay")


SCENARIOS = [
    Scenario(
        "settings/number-in-words",
        change(API, *CRASHED),
        released("api", "", crash(PARSE), 240, "kubectl-set", env={"POOL_SIZE": "fifty"}),
    ),
    Scenario(
        "settings/number-in-words-beside-a-loud-release",
        change(PAY, *CRASHED, slices="louder"),
        then(released("pay", "", crash(PARSE), 700, "kubectl-set", env={"POOL_SIZE": "fifty"}), louder),
    ),
    Scenario(
        "settings/unknown-flag",
        change(WORKER, *CRASHED, "bad_flag"),
        released(
            "worker",
            "",
            crash("unknown flag: --batch-szie\nUsage:\n  run [flags]\n", 2, lives=0.3),
            180,
            "helm",
            args=["run", "--batch-szie=20"],
        ),
    ),
    Scenario("settings/configmap-missing", change(API, "rollout", "missing_configuration"), references("map", NO_MAP)),
    Scenario(
        "settings/secret-missing",
        change(API, "rollout", "missing_configuration"),
        references("secret", 'secret "{name}-token" not found'),
    ),
    Scenario(
        "settings/key-missing",
        change(API, "rollout", "missing_configuration"),
        references("map", "couldn't find key region in ConfigMap {name}-flags"),
    ),
    Scenario(
        "settings/configmap-deleted",
        fault("ConfigMap/{ns}/{pay}-settings", "missing_configuration", "config_change", also=(PAY,)),
        deleted_map,
    ),
    Scenario(
        "settings/configmap-broken-then-restarted",
        change("ConfigMap/{ns}/{api}-settings", "config_change", "restart", "crash_loop", also=(API,)),
        map_changed(restarts=True),
    ),
    Scenario(
        "settings/configmap-taken-up-at-once",
        change("ConfigMap/{ns}/{api}-settings", "config_change", slices="metrics"),
        map_changed(restarts=False),
    ),
    Scenario(
        "settings/configmap-taken-up-beside-a-loud-release",
        change("ConfigMap/{ns}/{pay}-settings", "config_change", slices="metrics louder"),
        map_changed(restarts=False, role="pay", loud=True),
    ),
    Scenario(
        "settings/configmap-of-the-front-beside-a-loud-release",
        change(
            "ConfigMap/{ns}/{front}-settings", "config_change", "restart", "crash_loop", slices="louder", also=(FRONT,)
        ),
        map_changed(restarts=True, role="front", loud=True),
    ),
    Scenario("settings/pool-of-one", change(PAY, "rollout", slices="metrics"), pool_shrunk),
    Scenario(
        "settings/secret-rotated-wrongly",
        change(
            "Secret/{ns}/{pay}-db",
            "config_change",
            "authentication_failed",
            "restart",
            "crash_loop",
            slices="logs",
            also=(PAY,),
        ),
        secret_rotated,
    ),
]
