"""Limits, requests, quotas: too little memory, CPU or room."""

from testbed.evaluation.families.common import (
    API,
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
from testbed.evaluation.recording.ailments import crash, evicted, out_of_memory, unschedulable
from testbed.evaluation.recording.place import Place
from testbed.evaluation.recording.telling import ramp
from testbed.evaluation.scenario import DAY, Scenario, change, fault

OOM = ("rollout", "out_of_memory")
NO_ROOM = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available"
SMALL = {"requests": {"cpu": "100m", "memory": "48Mi"}, "limits": {"cpu": "1", "memory": "48Mi"}}
LARGE = {"requests": {"cpu": "2", "memory": "64Gi"}, "limits": {"cpu": "4", "memory": "64Gi"}}
SLOWED = {"requests": {"cpu": "20m", "memory": "256Mi"}, "limits": {"cpu": "50m", "memory": "512Mi"}}


async def throttled(place: Place) -> None:
    """A CPU limit is cut to a twentieth: ready, and slow."""
    await place.at(-540)
    await place.roll(place.api, resources=SLOWED, by="kubectl-edit")
    failing_requests(place, place.api, -500, errors=1.0, seconds=3.5)
    throttled_by = ramp(0.01, 0.95, -530, -500)
    place.measure("container_cpu_cfs_throttled_ratio", place.api, throttled_by)
    alert(place, "api", SLOW)


def quota(*, resized: bool) -> Play:
    """A quota is full when a workload is to have more pods; it was lowered just before, or stood so for weeks."""

    async def play(place: Place) -> None:
        hard = {"requests.memory": "3Gi" if not resized else "20Gi"}
        made = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team-quota"}, "spec": {"hard": hard}}
        await place.at(-2 * DAY)
        await place.write(made, "kubectl-create")
        if resized:
            await place.at(-700)
            await place.edit(
                "ResourceQuota", "team-quota", lambda it: it["spec"]["hard"].update({"requests.memory": "2Gi"})
            )
            await place.at(-300)
            for pod in await place.pods(place.front):
                await place.remove("Pod", pod["metadata"]["name"])
        else:
            await place.at(-300)
            await place.scale(place.front, 6)
        alert(place, "front")

    return play


async def limit_range(place: Place) -> None:
    """A LimitRange is lowered; pods that are made afterwards are refused."""
    spec = {"limits": [{"type": "Container", "max": {"memory": "128Mi"}}]}
    await place.at(-900)
    made = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "container-limits"}, "spec": spec}
    await place.write(made, "kubectl-create")
    await place.at(-400)
    for pod in await place.pods(place.pay):
        await place.remove("Pod", pod["metadata"]["name"])
    alert(place, "pay")


async def leak(place: Place) -> None:
    """A version that has run for days uses more memory each hour, until the limit ends it."""
    await place.at(-200)
    await place.fail(place.api, out_of_memory(lives=60))
    place.measure("container_memory_working_set_bytes", place.api, ramp(4.1e8, 5.3e8, -3600, -200), 0.01)
    alert(place, "api")


async def grown_data(place: Place) -> None:
    """A batch grew beyond what the worker can hold; nobody changed anything."""
    await place.at(-260)
    await place.fail(place.worker, out_of_memory(lives=25, log="loading batch 48812 (1.9 GB)\n"))
    alert(place, "worker", "KubePodCrashLooping: {name}")


async def evicted_by_scratch(place: Place) -> None:
    """A new version writes its scratch files to the container's own file system."""
    await place.at(-1200)
    await place.roll(place.worker, "5.2.0", env={"SCRATCH_DIR": "/tmp/scratch"})  # noqa: S108 - the value is told
    await place.at(-120)
    message = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi."
    await place.fail(place.worker, evicted(message), count=1)
    alert(place, "worker")


async def heap_above_limit(place: Place) -> None:
    """The Java heap is set above the limit of the container."""
    await place.at(-330)
    await place.fail(place.pay, out_of_memory(lives=12), new=True)
    await place.roll(place.pay, env={"JAVA_OPTS": "-Xmx4g"}, by="kubectl-edit")
    alert(place, "pay")


def scaled_out() -> Play:
    """More pods are asked for than nodes have room for."""

    async def play(place: Place) -> None:
        await place.at(-420)
        await place.fail(place.worker, unschedulable("0/3 nodes are available: 3 Insufficient cpu."), new=True)
        await place.scale(place.worker, 40)
        alert(place, "worker", "KubeDeploymentReplicasMismatch: {name}")

    return play


SCENARIOS = [
    Scenario(
        "resources/memory-limit-cut",
        change(API, *OOM),
        released("api", "", out_of_memory(lives=15), 420, "kubectl-edit", resources=SMALL),
    ),
    Scenario(
        "resources/memory-limit-cut-by-gitops",
        change(FRONT, *OOM),
        released("front", "", out_of_memory(lives=20), 1500, "argocd-controller", resources=SMALL),
    ),
    Scenario(
        "resources/memory-limit-cut-beside-a-loud-release",
        change(API, *OOM, slices="louder"),
        then(released("api", "", out_of_memory(lives=15), 900, "kubectl-edit", resources=SMALL), louder),
    ),
    Scenario(
        "resources/new-version-needs-more-memory",
        change(PAY, *OOM),
        released("pay", "9.0.0", out_of_memory(lives=30), 600, "helm"),
    ),
    Scenario("resources/heap-above-limit", change(PAY, *OOM), heap_above_limit),
    Scenario(
        "resources/request-fits-no-node",
        change(FRONT, "rollout", "unschedulable"),
        released("front", "", unschedulable(NO_ROOM), 500, "helm", resources=LARGE),
    ),
    Scenario("resources/scaled-beyond-the-nodes", change(WORKER, "scaling", "unschedulable"), scaled_out()),
    Scenario("resources/cpu-limit-cut", change(API, "rollout", slices="metrics"), throttled),
    Scenario(
        "resources/quota-lowered",
        change("ResourceQuota/{ns}/team-quota", "admission", "config_change", "quota", also=(FRONT,)),
        quota(resized=True),
    ),
    Scenario(
        "resources/quota-full",
        fault("ResourceQuota/{ns}/team-quota", "admission", "quota", "scaling", also=(FRONT,)),
        quota(resized=False),
    ),
    Scenario(
        "resources/limit-range",
        change("LimitRange/{ns}/container-limits", "admission", "config_change", also=(PAY,)),
        limit_range,
    ),
    Scenario("resources/slow-leak", fault(API, "out_of_memory", slices="metrics"), leak),
    Scenario("resources/data-grew", fault(WORKER, "out_of_memory"), grown_data),
    Scenario("resources/scratch-files-evict", change(WORKER, "rollout", "evicted"), evicted_by_scratch),
    Scenario(
        "resources/file-descriptors",
        change(PAY, "rollout", "crash_loop", slices="logs"),
        released("pay", "6.6.0", crash("accept: too many open files\nfatal: cannot accept\n", lives=60), 900, "helm"),
    ),
]
