"""Incidents whose faults lie in what is stored, in the incident's own course, or in who owns the pods."""

from typing import Any

from noctuary.models.routing_record import ServiceMapping
from testbed.before_after.cluster import WEB, Cluster, ClusterScene
from testbed.before_after.objects import (
    FIRST,
    NAMESPACE,
    Json,
    crashing,
    owner,
    pod,
    release,
    replica_set,
    stateful_set,
    template,
    warning,
    when,
)
from testbed.before_after.world import REGISTRY

LEDGER = (ServiceMapping("ledger", "PLEDGER", {"app": "ledger"}, [NAMESPACE]),)
CART_AND_WEB = (ServiceMapping("cart", "PCART", {"app": "cart"}, [NAMESPACE]), *WEB)
OTHERS = 520
"""More Warnings of other pods than the state window took events."""


def healthy(cluster: Cluster, letters: str = "abc", **more: Any) -> Json:
    """Run 3.10 for six days and return its ReplicaSet."""
    held, workload = release("3.10", 1, FIRST, **more)
    cluster.see(FIRST, held, workload, *(pod(held, letter) for letter in letters))
    return held


def bad_release(cluster: Cluster, at: float) -> Json:
    """Roll out 3.11, whose first pod crashes, and return its ReplicaSet."""
    held, workload = release("3.11", 2, at)
    cluster.see(at, held, workload, pod(held, "d", at + 2, ready=False))
    cluster.see(at + 40, pod(held, "d", at + 2, ready=False, container=crashing(3, at + 38)))
    return held


async def flooded(cluster: Cluster) -> None:
    """Roll out a StatefulSet; hundreds of pods that are nobody's then warn."""
    before = template(f"{REGISTRY}/ledger:3.10", {"app": "ledger"})
    after = template(f"{REGISTRY}/ledger:3.11", {"app": "ledger"})
    old, workload = stateful_set("ledger-db", before, 1, FIRST, 3)
    revision = old["metadata"]["name"]
    cluster.see(FIRST, old, workload, *(pod(workload, str(each), revision=revision) for each in range(3)))
    new, changed = stateful_set("ledger-db", after, 2, -600, 1, before=revision)
    cluster.see(-600, new, changed)
    broken = {"ready": False, "revision": new["metadata"]["name"], "container": crashing(4, -20)}
    cluster.see(-400, pod(changed, "2", -590, **broken))
    for number in range(OTHERS):
        other = pod(owner("Job", f"batch-{number}", "batch/v1"), "x")
        cluster.see(-300 + number / 2, warning(other, "FailedMount", "not found", -300 + number / 2, -39))
    await cluster.tell("triggered", 0)


async def reopened(cluster: Cluster) -> None:
    """Resolve an incident that nothing explains; a bad version follows, and somebody opens it again."""
    healthy(cluster)
    await cluster.tell("triggered", 0)
    await cluster.tell("resolved", 40)
    bad_release(cluster, 115)
    await cluster.tell("reopened", 190, reopened_at=when(190))


async def reopened_after_days(cluster: Cluster) -> None:
    """See an incident of the day before yesterday first when it is opened again."""
    healthy(cluster)
    bad_release(cluster, -60)
    await cluster.tell("reopened", 0, created_at=when(-36 * 3600), reopened_at=when(0))


async def moved(cluster: Cluster) -> None:
    """Trigger an incident on another service and move it to the one that is broken."""
    healthy(cluster)
    bad_release(cluster, -120)
    await cluster.tell("triggered", 0)
    await cluster.tell("service_updated", 75, service={"id": "PWEB", "summary": "web"})


def owned_by(kind: str, api: str) -> ClusterScene:
    """Return the scene of a bad version whose ReplicaSets are owned by a kind that is not Kubernetes' own."""

    async def play(cluster: Cluster) -> None:
        of, labels = owner(kind, "web", api), {"app": "web"}
        old = replica_set(of, template(f"{REGISTRY}/web:3.10", labels), 1, FIRST)
        cluster.see(FIRST, old, *(pod(old, letter) for letter in "abc"))
        new = replica_set(of, template(f"{REGISTRY}/web:3.11", labels), 2, -120)
        cluster.see(-118, new, pod(new, "d", -118, ready=False))
        cluster.see(-60, pod(new, "d", -118, ready=False, container=crashing(4, -62)))
        await cluster.tell("triggered", 0)

    return ClusterScene("1i", f"a bad version of a {kind} ({api}) over ReplicaSets", play)


async def undone(cluster: Cluster) -> None:
    """Take back a variable while the incident is open: nobody's managed fields tell when."""
    old = healthy(cluster)
    held, workload = release("3.10", 2, -299, written_at=-300, env=[{"name": "DB_POOL", "value": "0"}])
    cluster.see(-299, held, workload, pod(held, "d", -298, ready=False))
    cluster.see(-20, pod(held, "d", -298, ready=False, container=crashing(5, -22)))
    await cluster.tell("triggered", 0)
    back = release("3.10", 3, 60, made_at=FIRST, written_at=-300)
    cluster.see(60, *back)
    cluster.remove(62, pod(held, "d", -298))
    cluster.see(64, pod(old, "a"))
    await cluster.tell("resolved", 90)


def resolved(item: str, title: str, *, is_well: bool) -> ClusterScene:
    """Return the scene of a service of one pod, whose incident is resolved when that is well again, or is not."""

    async def play(cluster: Cluster) -> None:
        held = healthy(cluster, "", replicas=1)
        cluster.see(-40, pod(held, "a", ready=False, since=-60, container=crashing(3, -42)))
        await cluster.tell("triggered", 0)
        if is_well:
            cluster.see(60, pod(held, "a", since=60))
        await cluster.tell("resolved", 70)

    return ClusterScene(item, title, play)


SCENES = [
    ClusterScene("1d", f"{OTHERS} Warnings of other pods after a bad rollout", flooded, LEDGER),
    ClusterScene("1e", "resolved, a bad rollout, reopened", reopened),
    ClusterScene("1e", "triggered 36 hours ago, reopened and first seen now", reopened_after_days),
    ClusterScene("1e", "moved to the service that is broken", moved, CART_AND_WEB),
    owned_by("Rollout", "argoproj.io/v1alpha1"),
    owned_by("WebApp", "apps.example.com/v1"),
    ClusterScene("3f", "a variable was taken back while the incident was open", undone),
    resolved("1h", "the only pod is well again", is_well=True),
    resolved("3i", "resolved while the only pod still crashes", is_well=False),
]
