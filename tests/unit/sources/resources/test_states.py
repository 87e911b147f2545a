"""Autoscalers, jobs, rollouts and controllers that do nothing more: each state, and each that looks like it."""

from typing import Any

import pytest

from noctuary.common.clock import parse_time
from tests.unit.sources.resources.world import EARLIER, LONG_AGO, SOON, events_of, pod, reasons_of, thing, workload
from tests.unit.sources.watched_case import Manifest

ACCOUNT = thing("serviceaccounts", "default")
WHOLE = {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 3, "currentNumberScheduled": 3}
FAILED_READY = {"type": "Ready", "status": "False"}
TRIED = {"conditions": [{"type": "PodScheduled", "status": "True"}, FAILED_READY], "startTime": EARLIER}


def condition(kind: str, status: str, reason: str) -> Manifest:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": EARLIER}


def autoscaler(*conditions: Manifest, low: int = 2, target: str = "shop") -> Manifest:
    spec = {"minReplicas": low, "maxReplicas": 10, "scaleTargetRef": {"kind": "Deployment", "name": target}}
    return thing("horizontalpodautoscalers", "auto", spec=spec, status={"conditions": list(conditions)})


def job(status: Manifest | None = None, owner: str = "", **spec: Any) -> Manifest:
    owners = [{"kind": "CronJob", "name": owner, "uid": "c", "controller": True}] if owner else []
    template = {"template": {"metadata": {"labels": {"app.kubernetes.io/name": "shop"}}}}
    return thing("jobs", "shop-run", spec=template | spec, status=status or {}, ownerReferences=owners)


def cron_job(status: Manifest | None = None, **spec: Any) -> Manifest:
    return thing("cronjobs", "shop", spec={"schedule": "0 * * * *"} | spec, status=status or {})


GAVE_UP = {"conditions": [condition("Failed", "True", "BackoffLimitExceeded")]}
FULL = condition("ScalingLimited", "True", "TooManyReplicas")
LATE = condition("Progressing", "False", "ProgressDeadlineExceeded")
UNREADY = {"conditions": [FAILED_READY], "startTime": EARLIER}
OLD = {"controller-revision-hash": "shop-1"}
SETS = {"updateRevision": "shop-2", "currentRevision": "shop-1"}
WAITS = pod("shop-0", LONG_AGO, "StatefulSet", spec={"nodeName": "n"}, status=UNREADY)
CASES = [
    ("at its maximum", [workload(status=WHOLE), autoscaler(FULL)], ["TooManyReplicas"]),
    ("kept at one number", [workload(status=WHOLE), autoscaler(FULL, low=10)], []),
    ("at its minimum", [autoscaler(condition("ScalingLimited", "True", "TooFewReplicas"))], []),
    ("of another workload", [autoscaler(FULL, target="cart")], []),
    (
        "without metrics",
        [autoscaler(condition("ScalingActive", "False", "FailedGetResourceMetric"))],
        ["FailedGetResourceMetric"],
    ),
    ("switched off by zero", [autoscaler(condition("ScalingActive", "False", "ScalingDisabled"))], []),
    ("without a target", [autoscaler(condition("AbleToScale", "False", "FailedGetScale"))], ["FailedGetScale"]),
    ("job gave up", [job(GAVE_UP)], ["BackoffLimitExceeded"]),
    ("job of a cron job gave up", [job(GAVE_UP, "shop")], ["BackoffLimitExceeded"]),
    ("a later run went well", [job(GAVE_UP, "shop"), cron_job({"lastSuccessfulTime": SOON})], []),
    (
        "an earlier run went well",
        [job(GAVE_UP, "shop"), cron_job({"lastSuccessfulTime": LONG_AGO})],
        ["BackoffLimitExceeded"],
    ),
    ("job went well", [job({"conditions": [condition("Complete", "True", "")]})], []),
    ("job is suspended", [job(suspend=True)], ["JobSuspended"]),
    ("cron job is suspended", [cron_job(suspend=True)], ["CronJobSuspended"]),
    (
        "run does not end",
        [cron_job({"lastScheduleTime": LONG_AGO, "active": [{}]}, concurrencyPolicy="Forbid")],
        ["RunDoesNotEnd"],
    ),
    ("runs may overlap", [cron_job({"lastScheduleTime": LONG_AGO, "active": [{}]})], []),
    ("run has just begun", [cron_job({"lastScheduleTime": SOON, "active": [{}]}, concurrencyPolicy="Forbid")], []),
    ("paused half way", [workload(spec={"paused": True}, status=WHOLE | {"updatedReplicas": 1})], ["RolloutPaused"]),
    ("paused when done", [workload(spec={"paused": True}, status=WHOLE)], []),
    ("too late", [workload(status=WHOLE | {"conditions": [LATE]})], ["ProgressDeadlineExceeded"]),
    ("held up by a pod", [workload("statefulsets"), WAITS], ["OrdinalNotReady"]),
    ("parallel", [workload("statefulsets", spec={"podManagementPolicy": "Parallel"}), WAITS], []),
    (
        "a pod that starts",
        [workload("statefulsets"), pod("shop-0", SOON, "StatefulSet", spec={"nodeName": "n"}, status=UNREADY)],
        [],
    ),
    (
        "a pod of before",
        [
            workload("statefulsets", status=WHOLE | SETS),
            WAITS | {"metadata": WAITS["metadata"] | {"labels": {"app.kubernetes.io/name": "shop"} | OLD}},
        ],
        ["OldPodNotReady"],
    ),
    (
        "no node matches",
        [workload("daemonsets", status={"desiredNumberScheduled": 0, "currentNumberScheduled": 0})],
        ["NoNodeSelected"],
    ),
    ("not tried to schedule", [pod(status={"phase": "Pending"})], ["NotTriedToSchedule"]),
    ("just made", [pod(made=SOON, status={"phase": "Pending"})], []),
    (
        "gated",
        [pod(spec={"schedulingGates": [{"name": "quota.io/hold"}]}, status={"phase": "Pending"})],
        ["SchedulingGated"],
    ),
    ("not tried to start", [pod(spec={"nodeName": "n"}, status={"phase": "Pending"})], ["NotTriedToStart"]),
    ("starting", [pod(spec={"nodeName": "n"}, status=TRIED)], []),
    ("on its way out", [pod(status={"phase": "Pending"}, deletionTimestamp=EARLIER)], []),
    ("not observed", [workload(generation=2, status=WHOLE)], ["SpecNotObserved"]),
    ("just changed", [workload(generation=2, status=WHOLE, made=SOON)], []),
]


@pytest.mark.parametrize(("objects", "reasons"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_does_nothing_more_is_told_and_what_only_looks_like_it_is_not(
    objects: list[Manifest], reasons: list[str]
) -> None:
    assert reasons_of(*objects, unread=["serviceaccounts"]) == reasons


def test_a_state_is_dated_by_its_condition() -> None:
    (event,) = events_of(workload(status=WHOLE), autoscaler(FULL), unread=["serviceaccounts"])
    assert (event.timestamp, event.details["replicas"]) == (parse_time(EARLIER), "10")


def test_a_pod_tells_which_other_scheduler_does_not_take_it() -> None:
    (event,) = events_of(pod(spec={"schedulerName": "gang"}, status={"phase": "Pending"}))
    assert event.details["scheduler"] == "gang"


def container(name: str, since: str = EARLIER, **more: Any) -> Manifest:
    return {"name": name, "ready": False, "state": {"running": {"startedAt": since}}} | more


def not_ready(reason: str = "", message: str = "", **status: Any) -> Manifest:
    turned = {"type": "Ready", "status": "False", "lastTransitionTime": EARLIER, "reason": reason, "message": message}
    spec = {"nodeName": "n", "containers": [{"name": "app", "startupProbe": STARTUP}, {"name": "proxy"}]}
    sidecar = {"name": "envoy", "restartPolicy": "Always"}
    spec["initContainers"] = [{"name": "migrate"}, sidecar]
    return pod(spec=spec, status={"phase": "Pending", "startTime": EARLIER, "conditions": [turned]} | status)


STARTUP = {"failureThreshold": 3, "periodSeconds": 10}
SERVES = container("app", ready=True)


def killed_after(seconds: int, code: int = 137, restarts: int = 3, reason: str = "Error") -> Manifest:
    ended = {"exitCode": code, "reason": reason, "startedAt": "2026-11-21T10:28:00Z"}
    ended["finishedAt"] = f"2026-11-21T10:{28 + seconds // 60}:{seconds % 60:02}Z"
    return container("app", SOON, restartCount=restarts, lastState={"terminated": ended})


CONTAINERS = [
    ("an init container runs on", not_ready(initContainerStatuses=[container("migrate")]), ["InitContainerRuns"]),
    ("an init container has just begun", not_ready(initContainerStatuses=[container("migrate", SOON)]), []),
    (
        "a sidecar does not start",
        not_ready(initContainerStatuses=[container("envoy", started=False)]),
        ["SidecarNotStarted"],
    ),
    ("a sidecar runs as it should", not_ready(initContainerStatuses=[container("envoy", started=True)]), []),
    ("one container of two is late", not_ready(containerStatuses=[SERVES, container("proxy")]), ["ContainerNotReady"]),
    ("one container of two begins", not_ready(containerStatuses=[SERVES, container("proxy", SOON)]), []),
    ("the only container is late", not_ready(containerStatuses=[container("app")]), []),
    ("a gate is closed", not_ready("ReadinessGatesNotReady", containerStatuses=[SERVES]), ["ReadinessGateClosed"]),
    ("killed as its probe allows no more", not_ready(containerStatuses=[killed_after(32)]), ["Unhealthy"]),
    ("killed when asked to end took long", not_ready(containerStatuses=[killed_after(61)]), ["Unhealthy"]),
    ("ended much later", not_ready(containerStatuses=[killed_after(110)]), []),
    ("ended by itself", not_ready(containerStatuses=[killed_after(30, 1)]), []),
    ("out of memory", not_ready(containerStatuses=[killed_after(30, reason="OOMKilled")]), []),
    ("killed once", not_ready(containerStatuses=[killed_after(30, restarts=1)]), []),
]


@pytest.mark.parametrize(("found", "reasons"), [each[1:] for each in CONTAINERS], ids=[each[0] for each in CONTAINERS])
def test_a_pod_that_is_not_ready_tells_which_container_keeps_it_so(found: Manifest, reasons: list[str]) -> None:
    assert reasons_of(found) == reasons


def test_a_probe_that_ends_each_start_tells_how_long_it_allows() -> None:
    (event,) = events_of(not_ready(containerStatuses=[killed_after(32)]))
    told = {name: event.details[name] for name in ("probe", "probe_allows", "container", "killed")}
    assert told == {"probe": "startup", "probe_allows": "30", "container": "app", "killed": "1"}
