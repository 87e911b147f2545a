"""What a pod's raw status makes of its faults: what is no fault, which limit is in force, and how it is described."""

from typing import Any

import pytest

from noctuary.common.clock import format_time, parse_time
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.kinds.pods import describe_pod, pod_faults
from tests.unit.sources.cases.pods import EARLIER, decoded, ended, pod, running, waiting
from tests.unit.sources.watched_case import AT, Manifest

NOON = parse_time(AT)


def faults(raw: Manifest) -> list[ContextEvent]:
    return pod_faults(decoded(raw))


def reasons(raw: Manifest) -> list[str | None]:
    return [event.new_value for event in faults(raw)]


def condition(kind: str, status: str, at: str = AT, reason: str = "") -> Manifest:
    return {"type": kind, "status": status, "lastTransitionTime": at, "reason": reason}


def terminated(exit_code: int, *, started: float, finished: float, reason: str = "Error") -> dict[str, Any]:
    times = {"startedAt": format_time(started), "finishedAt": format_time(finished)}
    return {"terminated": {"exitCode": exit_code, "reason": reason, **times}}


def test_a_debugging_container_with_a_mistyped_image_is_no_fault() -> None:
    debugging = {"ephemeralContainerStatuses": [{"name": "debug", "state": waiting("ErrImagePull")}]}
    assert reasons(pod(running({"running": {}}) | debugging)) == []


@pytest.mark.parametrize("exit_code", [137, 143])
def test_a_node_s_graceful_shutdown_is_no_crash(exit_code: int) -> None:
    message = "Pod was terminated in response to imminent node shutdown."
    shut = running(ended(exit_code), phase="Failed", reason="Terminated", message=message)
    assert reasons(pod(shut)) == ["Terminated"]


@pytest.mark.parametrize("why", ["EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager"])
def test_a_pod_that_is_drained_or_preempted_does_not_crash(why: str) -> None:
    going = running(ended(143), conditions=[condition("DisruptionTarget", "True", EARLIER, why)])
    assert "Error" not in reasons(pod(going))


def test_a_preempted_pod_says_so() -> None:
    going = {"conditions": [condition("DisruptionTarget", "True", EARLIER, "PreemptionByScheduler")]}
    assert reasons(pod(going)) == ["Preempted"]


def test_what_crashed_before_its_pod_was_deleted_did_crash() -> None:
    leaving = pod(running({"running": {}}, ended(2)), deletionTimestamp="2026-11-21T10:05:30Z",
                  deletionGracePeriodSeconds=30)  # fmt: skip
    assert reasons(leaving) == ["Error"]


def test_a_deletion_is_dated_to_when_it_was_asked_for_not_to_when_its_grace_ends() -> None:
    leaving = pod(running(ended(143)), deletionTimestamp="2026-11-21T10:00:20Z", deletionGracePeriodSeconds=30)
    assert reasons(leaving) == []


@pytest.mark.parametrize("reason", ["ContainerStatusUnknown", "Unknown"])
def test_a_container_that_the_node_lost_did_not_crash(reason: str) -> None:
    assert reasons(pod(running({"running": {}}, ended(137, reason)))) == []


@pytest.mark.parametrize(
    ("in_force", "limit"),
    [(None, "64Mi"), ({"limits": {"memory": "48Mi"}}, "48Mi"), ({"limits": {}}, None)],
    ids=["not told", "a deferred resize", "without a limit"],
)
def test_an_out_of_memory_kill_names_the_limit_in_force(in_force: Manifest | None, limit: str | None) -> None:
    status = running({"running": {}}, ended(137, "OOMKilled"))
    if in_force is not None:
        status["containerStatuses"][0]["resources"] = in_force
    (event,) = faults(pod(status))
    assert event.details.get(details.MEMORY_LIMIT) == limit


@pytest.mark.parametrize(
    ("ready", "never"),
    [(condition("Ready", "False", EARLIER), "1"), (condition("Ready", "False", AT), "0"), (None, "1")],
    ids=["unready since its start", "turned unready", "no condition yet"],
)
def test_a_fault_tells_whether_its_pod_was_ever_ready(ready: Manifest | None, never: str) -> None:
    status = running(ended(1), startTime=EARLIER, conditions=[ready] if ready else [])
    (event,) = faults(pod(status))
    assert event.details[details.NEVER_READY] == never


@pytest.mark.parametrize("state", [waiting("CrashLoopBackOff"), waiting("RunContainerError"), ended(128, "StartError")])
def test_a_container_that_cannot_be_started_is_no_crash_loop_and_says_why(state: Manifest) -> None:
    message = 'failed to create containerd task: exec: "/app/start.sh": stat /app/start.sh: no such file or directory'
    (event,) = faults(pod(running(state, ended(128, "StartError", message))))
    assert event.dedup_key == "pod-1/app/start"


def test_a_crash_loop_carries_the_last_words_of_its_process() -> None:
    (event,) = faults(pod(running(waiting("CrashLoopBackOff"), ended(1, message="no DATABASE_URL"))))
    assert event.details[details.MESSAGE] == "no DATABASE_URL"


def test_last_words_that_may_be_log_lines_are_not_kept() -> None:
    raw = pod(running(waiting("CrashLoopBackOff"), ended(1, message="password=hunter2")))
    containers = [{"name": "app", "terminationMessagePolicy": "FallbackToLogsOnError"}]
    (event,) = faults(raw | {"spec": {"containers": containers}})
    assert details.MESSAGE not in event.details


def test_only_a_container_that_is_not_the_pod_s_first_has_a_role() -> None:
    statuses = [{"name": name, "state": waiting("ErrImagePull")} for name in ("app", "envoy")]
    init = [{"name": name, "state": waiting("ErrImagePull")} for name in ("migrate", "proxy")]
    spec = {
        "containers": [{"name": "app"}, {"name": "envoy"}],
        "initContainers": [{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}],
    }
    raw = pod({"containerStatuses": statuses, "initContainerStatuses": init}) | {"spec": spec}
    roles = {event.details[details.CONTAINER]: event.details.get(details.CONTAINER_ROLE) for event in faults(raw)}
    assert roles == {"app": None, "envoy": "container", "migrate": "init container", "proxy": "container"}


DAY = 86400.0
CRASHED = [
    ("ran well for a day, crashed three times", NOON - DAY, 2, "back-off 20s restarting failed", 2.0, NOON - 14),
    ("many restarts long ago, two ends now", NOON - 30 * DAY, 9, "back-off 10s restarting failed", 1.0, NOON - 1),
    ("never ran, twelve restarts", NOON - 2200, 12, "back-off 5m0s restarting failed", 5.0, NOON - 2170),
    ("never before its pod was there", NOON - 60, 12, "back-off 5m0s restarting failed", 5.0, NOON - 60),
    ("each run takes a minute", NOON - DAY, 3, "back-off 40s restarting failed", 60.0, NOON - 210),
]


@pytest.mark.parametrize(("scheduled", "restarts", "message", "run_s", "began"), [case[1:] for case in CRASHED],
                         ids=[case[0] for case in CRASHED])  # fmt: skip
def test_a_crash_loop_seen_for_the_first_time_is_dated_to_its_first_end(
    scheduled: float, restarts: int, message: str, run_s: float, began: float
) -> None:
    status = running(
        waiting("CrashLoopBackOff", message),
        terminated(1, started=NOON - run_s, finished=NOON),
        conditions=[condition("PodScheduled", "True", format_time(scheduled))],
    )
    status["containerStatuses"][0]["restartCount"] = restarts
    (event,) = faults(pod(status))
    assert (event.timestamp, event.last_seen) == (began, NOON)


def test_a_container_that_runs_out_of_memory_again_and_again_is_dated_to_the_first_time() -> None:
    killed = terminated(137, started=NOON - 2, finished=NOON, reason="OOMKilled")
    status = running(waiting("CrashLoopBackOff", "back-off 20s restarting failed"), killed)
    early = [condition("PodScheduled", "True", format_time(NOON - DAY))]
    first, loop = faults(pod(status | {"conditions": early}))
    assert (first.new_value, first.timestamp, first.last_seen) == ("OOMKilled", NOON - 14, NOON)
    assert loop.timestamp == first.timestamp


def test_a_single_exit_is_dated_to_itself_though_its_pod_was_unready_before() -> None:
    unready = [condition("Ready", "False", EARLIER)]
    status = running({"running": {}}, terminated(1, started=NOON - 5, finished=NOON), conditions=unready)
    status["containerStatuses"][0]["restartCount"] = 1
    (event,) = faults(pod(status))
    assert event.timestamp == NOON


def test_a_pod_is_described_with_all_that_correlation_reads() -> None:
    status = running({"running": {}}, startTime=EARLIER, conditions=[condition("Ready", "True")])
    view = describe_pod(decoded(pod(status)))
    assert (view.workload_kind, view.workload, view.is_ready, view.is_leaving) == ("Deployment", "shop", True, False)
    assert (view.created_at, view.ready_changed_at, view.started_at) == (NOON, NOON, parse_time(EARLIER))


@pytest.mark.parametrize(
    ("status", "metadata", "leaving"),
    [
        ({"phase": "Running"}, {"deletionTimestamp": AT}, True),
        ({"phase": "Failed", "reason": "Evicted"}, {}, True),
        ({"phase": "Succeeded"}, {}, True),
        ({"phase": "Failed"}, {"ownerReferences": []}, False),
        ({"phase": "Pending"}, {}, False),
    ],
)
def test_a_pod_that_counts_no_more_is_leaving(status: Manifest, metadata: Manifest, leaving: bool) -> None:
    assert describe_pod(decoded(pod(status, **metadata))).is_leaving is leaving
