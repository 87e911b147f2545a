"""Facts of a cluster that notes told wrongly."""

from typing import Any

from noctuary.models.routing_record import ServiceMapping
from testbed.before_after.cluster import Cluster, ClusterScene
from testbed.before_after.cluster_incidents import healthy
from testbed.before_after.objects import (
    FIRST,
    NAMESPACE,
    crashing,
    owner,
    pod,
    release,
    stateful_set,
    template,
    warning,
    when,
)
from testbed.before_after.world import REGISTRY

NOT_FOUND = 'Back-off pulling image "busyboxx": not found'
FAILED = 'Failed to pull image "busyboxx": not found'
OUT_OF_CPU = "Pod was rejected: Node didn't have enough resource: cpu, requested: 500, used: 3900, capacity: 4000"
SHUTDOWN = "Pod was terminated in response to imminent node shutdown."


def called(name: str, **labels: str) -> tuple[ServiceMapping, ...]:
    """Map a service by its name alone, or by labels."""
    return (ServiceMapping(name, "P1", labels, [NAMESPACE]),)


async def debugged(cluster: Cluster) -> None:
    """Debug a pod that is well, with a mistyped image."""
    held = healthy(cluster)
    waits = {"waiting": {"reason": "ImagePullBackOff", "message": NOT_FOUND}}
    told = [{"name": "debugger", "image": "busyboxx", "ready": False, "restartCount": 0, "state": waits}]
    spec = {"ephemeralContainers": [{"name": "debugger", "image": "busyboxx"}]}
    well = pod(held, "a", spec=spec, ephemeralContainerStatuses=told)
    path = "spec.ephemeralContainers{debugger}"
    cluster.see(-30, well)
    cluster.see(-5, warning(well, "Failed", FAILED, -28, -5, path))
    await cluster.tell("triggered", 0)


async def partitioned(cluster: Cluster) -> None:
    """Change the template of a StatefulSet whose partition keeps all pods as they are."""
    spec: Any = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}}
    before, after = (template(f"{REGISTRY}/pg:{tag}", {"app": "pg"}) for tag in ("15", "16"))
    old, workload = stateful_set("pg", before, 1, FIRST, 3, **spec)
    revision = old["metadata"]["name"]
    cluster.see(FIRST, old, workload, *(pod(workload, str(each), revision=revision) for each in range(3)))
    cluster.see(-300, *stateful_set("pg", after, 2, -300, 0, before=revision, **spec))
    await cluster.tell("triggered", 0)


async def node_shut_down(cluster: Cluster) -> None:
    """Shut a node down gracefully: its pod ends by SIGTERM, another one takes its place."""
    held = healthy(cluster)
    end = {"terminated": {"exitCode": 143, "reason": "Error", "startedAt": when(FIRST), "finishedAt": when(-20)}}
    ended: Any = {"phase": "Failed", "reason": "Terminated", "message": SHUTDOWN, "container": {"state": end}}
    cluster.see(-20, pod(held, "a", ready=False, since=-20, **ended))
    cluster.see(-15, pod(held, "e", -18, node="node-2"))
    await cluster.tell("triggered", 0)


async def refused(cluster: Cluster) -> None:
    """Have the kubelet refuse a pod for which the node has no CPU left."""
    held = healthy(cluster)
    cluster.remove(-21, pod(held, "a"))
    ended: Any = {"phase": "Failed", "reason": "OutOfcpu", "message": OUT_OF_CPU, "containerStatuses": []}
    cluster.see(-20, pod(held, "e", -20, ready=False, **ended))
    await cluster.tell("triggered", 0)


async def resized(cluster: Cluster) -> None:
    """Raise a memory limit in place: the kubelet defers it, and the container dies of the old one."""
    held, workload = release("3.10", 1, FIRST, resources={"limits": {"memory": "512Mi"}})
    cluster.see(FIRST, held, workload, *(pod(held, letter) for letter in "abc"))
    wanted = {"containers": [held["spec"]["template"]["spec"]["containers"][0] | {"resources": _memory("2Gi")}]}
    killed = crashing(1, -12, 137, "OOMKilled", resources=_memory("512Mi"), allocatedResources={"memory": "512Mi"})
    cluster.see(-10, pod(held, "a", ready=False, since=-12, spec=wanted, container=killed, resize="Deferred"))
    await cluster.tell("triggered", 0)


def _memory(limit: str) -> dict[str, Any]:
    return {"limits": {"memory": limit}}


async def job_failed(cluster: Cluster) -> None:
    """Fail a Job that ends with a date and is no run of a CronJob."""
    of = owner("Job", "report-20260101", "batch/v1")
    end = {"terminated": {"exitCode": 2, "reason": "Error", "startedAt": when(-40), "finishedAt": when(-31)}}
    cluster.see(-30, pod(of, "x", -60, ready=False, phase="Failed", container={"state": end}))
    await cluster.tell("triggered", 0)


async def static_pod(cluster: Cluster) -> None:
    """Crash a pod that a node runs from a file: its owner is the node."""
    told: Any = {"name": "kube-apiserver-node-1", "container": crashing(4, -31)}
    cluster.see(-30, pod(owner("Node", "node-1", "v1"), "", ready=False, since=-60, **told))
    await cluster.tell("triggered", 0)


async def installed_by_helm(cluster: Cluster) -> None:
    """Run what a chart calls RELEASE-NAME."""
    labels = {"app.kubernetes.io/name": "shop-web", "app.kubernetes.io/instance": "prod"}
    held, workload = release("3.10", 1, FIRST, name="prod-shop-web", labels=labels)
    cluster.see(FIRST, held, workload, *(pod(held, letter) for letter in "abc"))
    await cluster.tell("triggered", 0)


async def yesterday(cluster: Cluster) -> None:
    """Look back over a day."""
    old = healthy(cluster)
    held, workload = release("3.11", 2, -20 * 3600)
    cluster.see(-20 * 3600, held, workload, *(pod(held, letter, -20 * 3600 + 5) for letter in "def"))
    cluster.remove(-20 * 3600 + 10, *(pod(old, letter) for letter in "abc"))
    await cluster.tell("triggered", 0)


SCENES = [
    ClusterScene("1h", "a pod is debugged with a mistyped image", debugged),
    ClusterScene("1h", "a partition keeps the pods of a StatefulSet as they are", partitioned, called("pg", app="pg")),
    ClusterScene("1h", "a node was shut down gracefully", node_shut_down),
    ClusterScene("1h", "a node had no CPU left for a pod", refused),
    ClusterScene("1h", "out of memory while a larger limit is deferred", resized),
    ClusterScene("1h", "a Job whose own name ends with a date", job_failed, called("report-20260101")),
    ClusterScene("1h", "a static pod crashes", static_pod, called("kube-apiserver")),
    ClusterScene("1h", "a chart's usual name and label", installed_by_helm, called("shop-web")),
    ClusterScene("1h", "a rollout of the day before", yesterday, lookback_s=24 * 3600),
]
