"""Volumes that are not bound, not attached, or full."""

from typing import Any

from testbed.evaluation.families.common import DB, ERRORS, FAILED_503, Play, alert, louder
from testbed.evaluation.recording.ailments import crash, no_volume, unready, unschedulable
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change, fault

Json = dict[str, Any]
ATTACHED = 'Multi-Attach error for volume "pvc-1f0c": Volume is already exclusively attached to one node'
TIMED_OUT = 'AttachVolume.Attach failed for volume "pvc-1f0c": rpc error: code = DeadlineExceeded'
FULL = 'FATAL: could not write to file "pg_wal/000000010000": No space left on device\n'


def claim(name: str, storage_class: str) -> Json:
    """Return the manifest of a claim."""
    spec: Json = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class}
    spec |= {"resources": {"requests": {"storage": "20Gi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def pending(storage_class: str, why: str) -> Play:
    """A release mounts a claim that is not bound."""

    async def play(place: Place) -> None:
        name = place.worker
        await place.at(-460)
        await place.write(claim(f"{name}-data", storage_class), "helm")
        await place.fail(name, unschedulable(why), new=True)
        await mount(place, name)
        alert(place, "worker", "KubePodNotReady: {name}")

    return play


async def mount(place: Place, name: str) -> None:
    """Have a workload mount its claim."""

    def edit(made: Json) -> None:
        pod = made["spec"]["template"]["spec"]
        pod["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": f"{name}-data"}}]
        pod["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]

    await place.edit("Deployment", name, edit, "helm")


def database(ailment: Any, *, loud: bool = False) -> Play:
    """The database's pod fares badly, and its callers with it."""

    async def play(place: Place) -> None:
        await place.at(-210)
        await place.fail(place.db, ailment)
        if ailment in MOVED:
            for pod in await place.pods(place.db):
                await place.remove("Pod", pod["metadata"]["name"])
        await place.fail(place.api, unready(FAILED_503))
        if loud:
            await louder(place)
        alert(place, "api", ERRORS)

    return play


MULTI, SLOW = no_volume(ATTACHED, "FailedAttachVolume"), no_volume(TIMED_OUT, "FailedAttachVolume")
MOVED = (MULTI, SLOW)
CLAIM = "PersistentVolumeClaim/{ns}/{worker}-data"
WORKER = "Deployment/{ns}/{worker}"
UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
SCENARIOS = [
    Scenario(
        "storage/class-missing",
        change(CLAIM, "storage", "unschedulable", "rollout", also=(WORKER,)),
        pending("fast-ssd", UNBOUND),
    ),
    Scenario(
        "storage/nothing-provisions",
        change(CLAIM, "storage", "unschedulable", "rollout", also=(WORKER,)),
        pending("", UNBOUND),
    ),
    Scenario("storage/attached-elsewhere", fault(DB, "storage"), database(MULTI)),
    Scenario(
        "storage/attach-times-out-beside-a-loud-release",
        fault(DB, "storage", slices="louder"),
        database(SLOW, loud=True),
    ),
    Scenario(
        "storage/database-disk-full",
        fault(DB, "disk_full", "storage", "crash_loop", slices="logs"),
        database(crash(FULL, lives=2)),
    ),
    Scenario(
        "storage/database-disk-full-beside-a-loud-release",
        fault(DB, "disk_full", "storage", "crash_loop", slices="logs louder"),
        database(crash(FULL, lives=2), loud=True),
    ),
]
