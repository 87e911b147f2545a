"""Jobs: runs that fail, and runs that take what services need."""

from typing import Any

from testbed.evaluation.families.common import SLOW, Play, alert, failing_requests
from testbed.evaluation.recording import shop
from testbed.evaluation.recording.ailments import crash, no_image, out_of_memory, unready, unschedulable
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change, fault

Json = dict[str, Any]
NIGHTLY = "nightly-report"


def cron(tag: str, parallel: int = 1) -> Json:
    """Return the manifest of a CronJob."""
    labels = {"app": NIGHTLY, "app.kubernetes.io/name": NIGHTLY}
    container = {"name": "main", "image": f"{shop.REGISTRY}/report:{tag}", "args": ["--all"]}
    pod = {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {
        "metadata": {"labels": labels},
        "spec": {"parallelism": parallel, "completions": parallel, "backoffLimit": 2, "template": pod},
    }
    spec = {"schedule": "0 14 * * *", "jobTemplate": job}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": NIGHTLY, "labels": labels}, "spec": spec}


async def run(place: Place, tag: str, parallel: int = 1) -> None:
    """Have the CronJob start a run."""
    owner = (await place.api_server.listed("CronJob"))[0]
    reference = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": NIGHTLY,
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    template = cron(tag, parallel)["spec"]["jobTemplate"]
    metadata = template["metadata"] | {"name": f"{NIGHTLY}-29540160", "ownerReferences": [reference]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}
    await place.api_server.create(job, "kube-controller-manager")


def failing(ailment: Any, *, edited: bool) -> Play:
    """A run of the CronJob fails, after an edit of it or by itself."""

    async def play(place: Place) -> None:
        place.mapping.append({"name": NIGHTLY, "pagerDutyServiceID": "PNIGHTLY", "namespaces": [place.ns]})
        await place.at(-86_000)
        await place.write(cron("1.0.0"), "helm")
        if edited:
            await place.at(-1800)
            await place.edit("CronJob", NIGHTLY, lambda it: it.update(spec=cron("1.1.0")["spec"]), "kubectl-edit")
        await place.at(-290)
        await place.fail(NIGHTLY, ailment)
        await run(place, "1.1.0" if edited else "1.0.0")
        place.page(NIGHTLY, f"KubeJobFailed {NIGHTLY}", job_name=f"{NIGHTLY}-29540160")

    return play


async def crowds_out(place: Place) -> None:
    """A run with many pods takes the database's time; the services in front are slow."""
    await place.at(-86_000)
    await place.write(cron("1.0.0", 4), "helm")
    await place.at(-420)
    await run(place, "1.0.0", 4)
    await place.at(-360)
    await place.fail(place.api, unready("context deadline exceeded"), count=1)
    failing_requests(place, place.api, -400, errors=3.0, seconds=5.0)
    place.measure("container_cpu_utilization", NIGHTLY, lambda at: 0.97 if at > -415 else 0.0, workload=NIGHTLY)
    alert(place, "api", SLOW)


ENTITY = "CronJob/{ns}/nightly-report"
JOB = ("Job/{ns}/nightly-report-29540160",)
SCENARIOS = [
    Scenario(
        "jobs/run-crashes",
        fault(ENTITY, "job", "crash_loop", slices="logs", also=JOB),
        failing(crash("ValueError: empty sheet\n"), edited=False),
    ),
    Scenario(
        "jobs/run-after-an-edit-crashes",
        change(ENTITY, "job", "rollout", "config_change", "crash_loop", slices="logs", also=JOB),
        failing(crash("unrecognized arguments: --all\n", 2), edited=True),
    ),
    Scenario(
        "jobs/run-out-of-memory",
        fault(ENTITY, "out_of_memory", "job", also=JOB),
        failing(out_of_memory(lives=20), edited=False),
    ),
    Scenario(
        "jobs/image-of-an-edit-missing",
        change(ENTITY, "image_pull", "rollout", "config_change", "job", also=JOB),
        failing(no_image("manifest unknown"), edited=True),
    ),
    Scenario(
        "jobs/run-finds-no-node",
        fault(ENTITY, "unschedulable", "job", also=JOB),
        failing(unschedulable("0/3 nodes are available: 3 Insufficient cpu."), edited=False),
    ),
    Scenario(
        "jobs/run-crowds-a-service-out", fault(ENTITY, "job", "saturation", slices="metrics", also=JOB), crowds_out
    ),
]
