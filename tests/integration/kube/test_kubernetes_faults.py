"""Faults of pods and nodes, reported as kubelets report them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from noctuary.common.clock import format_time, now
from noctuary.models import details
from testbed.watched_cluster import WatchedCluster, ref_of


@pytest.fixture
async def pod(world: WatchedCluster) -> AsyncIterator[dict[str, Any]]:
    """A pod of a Deployment, watched."""
    await world.roll_out("shop", "shop:1")
    async with world.watching():
        yield await world.a_pod("shop")


def ended(exit_code: int, reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": exit_code, "reason": reason, "finishedAt": format_time(now())}}


async def test_an_out_of_memory_kill_tells_the_limit(world: WatchedCluster, pod: dict[str, Any]) -> None:
    await world.report_container(pod, {"running": {}}, lastState=ended(137, "OOMKilled"), restartCount=1)
    event = await world.event("OOMKilled")
    assert event.details[details.MEMORY_LIMIT] == "128Mi"
    assert (ref_of(event).workload_kind, ref_of(event).workload_name) == ("Deployment", "shop")


async def test_a_crash_loop_is_counted_not_repeated(world: WatchedCluster, pod: dict[str, Any]) -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    for restarts in (2, 3, 4):
        await world.report_container(pod, waiting, lastState=ended(3), restartCount=restarts)
        await world.caught_up()
    (event,) = await world.events("CrashLoopBackOff")
    assert event.count == 4
    assert event.details[details.EXIT_CODE] == "3"
    assert event.details[details.TEMPLATE_HASH] == pod["metadata"]["labels"]["pod-template-hash"]


async def test_the_same_state_seen_again_after_a_restart_is_no_news(world: WatchedCluster, pod: dict[str, Any]) -> None:
    await world.report_container(pod, {"running": {}}, lastState=ended(137, "OOMKilled"), restartCount=1)
    before = await world.event("OOMKilled")
    async with world.watching(identity="receiver-0"):
        await world.caught_up()
    (after,) = await world.events("OOMKilled")
    assert (after.id, after.count, after.last_seen) == (before.id, 1, before.last_seen)


async def test_what_an_event_and_the_status_both_say_is_one_row(world: WatchedCluster, pod: dict[str, Any]) -> None:
    container = pod["spec"]["containers"][0]["name"]
    await world.report_container(pod, {"waiting": {"reason": "ErrImagePull", "message": "not found"}})
    await world.event("ErrImagePull")
    path = {"fieldPath": f"spec.containers{{{container}}}"}
    await world.warn(pod, "Failed", 'Failed to pull image "shop:1": not found', involvedObject=path)
    await world.report_container(pod, {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}})
    await world.caught_up()
    rows = [e for e in await world.events() if ref_of(e).name == pod["metadata"]["name"]]
    assert [e.new_value for e in rows] == ["ErrImagePull"]


async def test_a_missing_config_map_is_named(world: WatchedCluster, pod: dict[str, Any]) -> None:
    message = 'configmap "shop-settings" not found'
    await world.report_container(pod, {"waiting": {"reason": "CreateContainerConfigError", "message": message}})
    event = await world.event("CreateContainerConfigError")
    assert (event.details[details.MISSING_KIND], event.details[details.MISSING_NAME]) == ("ConfigMap", "shop-settings")


async def test_an_unschedulable_pod_tells_the_scheduler_s_words(world: WatchedCluster, pod: dict[str, Any]) -> None:
    unschedulable = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    said = {"message": "0/3 nodes are available: 3 Insufficient cpu.", "lastTransitionTime": format_time(now())}
    await world.report(pod, conditions=[unschedulable | said])
    event = await world.event("FailedScheduling")
    assert event.old_value == "insufficient_cpu"


async def test_an_eviction_tells_what_the_node_ran_out_of(world: WatchedCluster, pod: dict[str, Any]) -> None:
    await world.report(pod, phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    event = await world.event("Evicted")
    assert event.old_value == "memory_pressure"


async def test_a_failing_probe_is_a_fault_of_the_pod_s_workload(world: WatchedCluster, pod: dict[str, Any]) -> None:
    await world.warn(pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    event = await world.event("Unhealthy")
    assert event.details[details.PROBE] == "readiness"
    assert ref_of(event).workload_name == "shop"
    assert event.service_name == "shop"


async def test_a_fault_dated_in_the_future_is_clamped(world: WatchedCluster, pod: dict[str, Any]) -> None:
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2999-01-01T00:00:00Z"}}
    await world.report_container(pod, {"running": {}}, lastState=killed, restartCount=1)
    event = await world.event("OOMKilled")
    assert event.clamped
    assert event.last_seen <= now() + 1


async def test_warnings_from_before_the_very_first_start_are_history(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    old = {"firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z"}
    await world.warn(await world.a_pod("shop"), "Unhealthy", "Liveness probe failed", **old)
    async with world.watching():
        await world.caught_up()
    assert await world.events("Unhealthy") == []


async def test_a_fault_present_at_the_very_first_start_is_told_with_its_own_time(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": format_time(now() - 600)}}
    await world.report_container(await world.a_pod("shop"), {"running": {}}, lastState=killed, restartCount=1)
    async with world.watching():
        event = await world.event("OOMKilled")
    assert event.timestamp < now() - 590


async def test_a_node_that_is_not_ready_is_an_event_of_the_cluster(world: WatchedCluster, node: str) -> None:
    async with world.watching():
        turned = {"lastTransitionTime": format_time(now()), "message": "Kubelet stopped posting node status."}
        condition = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"} | turned
        await world.patch(f"/api/v1/nodes/{node}/status", {"status": {"conditions": [condition]}})
        event = await world.node_event(node, "NodeNotReady")
    assert event.details[details.NODE] == node


async def test_a_kill_by_a_probe_is_read_and_other_normal_events_are_not(
    world: WatchedCluster, pod: dict[str, Any]
) -> None:
    path = {"fieldPath": f"spec.containers{{{pod['spec']['containers'][0]['name']}}}"}
    killed = "Container shop failed liveness probe, will be restarted"
    failed = "Liveness probe failed: HTTP probe failed with statuscode: 500"
    await world.warn(pod, "Unhealthy", failed, involvedObject=path)  # of the same second as the kill
    await world.warn(pod, "Pulled", "Successfully pulled image", type="Normal", involvedObject=path)
    await world.warn(pod, "Killing", killed, type="Normal", involvedObject=path)
    await world.caught_up()
    event = await world.event("Unhealthy")
    assert (event.details[details.PROBE], event.details[details.KILLED]) == ("liveness", "1")
    assert await world.events("Pulled") == []


async def test_a_debugging_container_with_a_mistyped_image_is_no_fault(
    world: WatchedCluster, pod: dict[str, Any]
) -> None:
    path = f"/api/v1/namespaces/{world.namespace}/pods/{pod['metadata']['name']}"
    debugging = [
        {"name": "debug", "image": "bussybox", "terminationMessagePolicy": "File", "imagePullPolicy": "Always"}
    ]
    await world.patch(f"{path}/ephemeralcontainers", {"spec": {"ephemeralContainers": debugging}})
    waits = {"state": {"waiting": {"reason": "ErrImagePull"}}, "ready": False, "restartCount": 0, "imageID": ""}
    await world.report(pod, ephemeralContainerStatuses=[{"name": "debug", "image": "bussybox"} | waits])
    about = {"fieldPath": "spec.ephemeralContainers{debug}"}
    await world.warn(pod, "Failed", 'Failed to pull image "bussybox"', involvedObject=about)
    await world.caught_up()
    assert await world.events("ErrImagePull") == []


async def test_a_node_s_graceful_shutdown_is_no_crash(world: WatchedCluster, pod: dict[str, Any]) -> None:
    message = "Pod was terminated in response to imminent node shutdown."
    spec = pod["spec"]["containers"][0]
    container = {"name": spec["name"], "image": spec["image"], "imageID": "", "ready": False, "restartCount": 0}
    statuses = [container | {"state": ended(143)}]
    await world.report(pod, phase="Failed", reason="Terminated", message=message, containerStatuses=statuses)
    assert (await world.event("Terminated")).details[details.MESSAGE] == message
    assert await world.events("Error") == []


async def test_a_cordoned_node_is_dated_by_whoever_cordoned_it(world: WatchedCluster, node: str) -> None:
    async with world.watching():
        await world.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
        event = await world.node_event(node, "NodeUnschedulable")
    assert now() - 30 < event.timestamp <= now()
