"""StatefulSets, DaemonSets, Jobs and pods of their own."""

from testbed.live.manifests import container, labels, plain, pod_spec, service, template, workload
from testbed.live.place import Place
from testbed.live.scenario import Manifest, Scenario, Truth
from testbed.live.scenarios.images import PULLING, TYPO
from testbed.live.scenarios.truths import bad_rollout, fault, nothing

_STATEFUL = "statefulset"
_DAEMON = "daemonset"


def _ordered(place: Place) -> list[Manifest]:
    return [workload("StatefulSet", place.app, pod_spec(), replicas=2), service(place.app)]


def _staged(place: Place) -> list[Manifest]:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    return [workload("StatefulSet", place.app, pod_spec(), replicas=2, updateStrategy=strategy), service(place.app)]


def _on_delete(place: Place) -> list[Manifest]:
    strategy = {"type": "OnDelete"}
    return [workload("StatefulSet", place.app, pod_spec(), replicas=2, updateStrategy=strategy), service(place.app)]


def _everywhere(place: Place) -> list[Manifest]:
    return [workload("DaemonSet", place.app, pod_spec()), service(place.app)]


def _single(place: Place) -> list[Manifest]:
    spec = pod_spec(container(env=[{"name": "LAST_WORDS", "value": "lost"}]))
    return [plain("Pod", place.app, spec=spec) | _labelled(place), service(place.app)]


def _labelled(place: Place) -> Manifest:
    return {"metadata": {"name": place.app, "labels": labels(place.app)}}


def _set_typo(place: Place) -> None:
    place.set_image(TYPO, kind=_STATEFUL)
    place.wait_state(*PULLING)


def _set_crash(place: Place) -> None:
    place.set_image("2.0.0", kind=_STATEFUL)
    place.wait_restarted(1)


def _set_next(place: Place) -> None:
    place.set_image("1.4.1", kind=_STATEFUL)


def _daemon_typo(place: Place) -> None:
    place.set_image(TYPO, kind=_DAEMON)
    place.wait_state(*PULLING)


def _daemon_crash(place: Place) -> None:
    place.set_image("2.0.0", kind=_DAEMON)
    place.wait_restarted(1)


def _ends_again(place: Place) -> None:
    for _ in range(3):
        place.misbehave("exit")
        place.wait("an end", lambda: not place.answers())
        place.wait("its restart", lambda: place.answers() or "CrashLoopBackOff" in place.states())
    place.wait_state("CrashLoopBackOff")


def _job(name: str) -> Manifest:
    spec = pod_spec(container("2.0.1", readinessProbe=None, ports=None), restartPolicy="Never")
    return {"backoffLimit": 1, "template": template(name, spec)}


def _failing_job(place: Place) -> None:
    place.apply(plain("Job", place.app, "batch/v1", spec=_job(place.app)))
    place.wait_event("BackoffLimitExceeded")


def _failing_cron_job(place: Place) -> None:
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": _job(place.app)}}
    place.apply(plain("CronJob", place.app, "batch/v1", spec=spec))
    place.kubectl("create", "job", f"{place.app}-29384756", f"--from=cronjob/{place.app}")
    place.wait_event("BackoffLimitExceeded")


def _config_only(_: Place) -> list[Manifest]:
    return [plain("ConfigMap", "empty")]


_EXIT_3 = "exit code 3|failed|backoff"
_PULL = ("pull",)
_JOB_NAME = Truth("job/{app}", "Job fails", (_EXIT_3,), symptom=("fail",))

SCENARIOS = (
    Scenario("set-bad-tag", _ordered, bad_rollout("bad tag", TYPO, kind=_STATEFUL, symptom=_PULL), _set_typo, pods=2),
    Scenario(
        "set-crash", _ordered, bad_rollout("crashes", "2.0.0", kind=_STATEFUL, symptom=("crash",)), _set_crash, pods=2
    ),
    Scenario(
        "set-bad-tag-aged",
        _ordered,
        bad_rollout("bad tag", TYPO, kind=_STATEFUL, symptom=_PULL),
        _set_typo,
        age=True,
        pods=2,
    ),
    Scenario("set-staged", _staged, nothing("a new version is staged, no pod was replaced"), _set_next, pods=2),
    Scenario("set-on-delete", _on_delete, nothing("a new version waits, no pod was replaced"), _set_next, pods=2),
    Scenario("daemon-bad-tag", _everywhere, bad_rollout("bad tag", TYPO, kind=_DAEMON, symptom=_PULL), _daemon_typo),
    Scenario(
        "daemon-crash", _everywhere, bad_rollout("crashes", "2.0.0", kind=_DAEMON, symptom=("crash",)), _daemon_crash
    ),
    Scenario("single-pod-aged", _single, fault("crashes", "crash|exit code", kind="pod"), _ends_again, age=True),
    Scenario("job-fails", _config_only, _JOB_NAME, _failing_job, pods=2, alert="{app}: no successful run"),
    Scenario("cron-job-fails", _config_only, _JOB_NAME, _failing_cron_job, pods=2, alert="{app}: no successful run"),
)
