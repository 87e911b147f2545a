"""Incidents around what ends, or does not: nodes that are well again or gone, slow starts, answers that still hold."""

from typing import Any

from testbed.before_after.cluster import Cluster, ClusterScene
from testbed.before_after.cluster_incidents import bad_release, healthy
from testbed.before_after.objects import FIRST, Json, crashing, pod, release, warning, when


def node(since: float = FIRST, *, ready: bool = True, name: str = "node-1") -> Json:
    """Return a node; `since`: when it became ready, or was heard of no more."""
    said: Json = {"status": "True", "reason": "KubeletReady", "message": ""}
    if not ready:
        said = {"status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
    metadata = {"name": name, "uid": f"uid-{name}", "creationTimestamp": when(FIRST)}
    conditions = [{"type": "Ready", "lastTransitionTime": when(since), **said}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {}, "status": {"conditions": conditions}}


def lose_node(cluster: Cluster, at: float) -> Json:
    """Run 3.10 on a node that is heard of no more, and return its ReplicaSet."""
    held = healthy(cluster)
    cluster.see(FIRST, node(), node(name="node-2"))
    cluster.see(at, node(at, ready=False))
    for letter in "abc":
        unready = pod(held, letter, ready=False, since=at + 2)
        cluster.see(at + 2, unready, warning(unready, "NodeNotReady", "Node is not ready", at + 2, at + 2))
    return held


def find_node(cluster: Cluster, held: Json, at: float) -> None:
    """Have the node heard of again, and its pods ready."""
    cluster.see(at, node(at))
    cluster.see(at + 10, *(pod(held, letter, since=at + 10) for letter in "abc"))


def flapped(title: str, lost_at: float, found_at: float, *, is_resolved: bool = False) -> ClusterScene:
    """Return the scene of a node that is well again before the alert, or before the incident is resolved."""

    async def play(cluster: Cluster) -> None:
        held = lose_node(cluster, lost_at)
        if not is_resolved:
            find_node(cluster, held, found_at)
        await cluster.tell("triggered", 0)
        if is_resolved:
            find_node(cluster, held, found_at)
            await cluster.tell("resolved", found_at + 50)

    return ClusterScene("1g", title, play)


def reclaimed(title: str, gone_at: float, **more: Any) -> ClusterScene:
    """Return the scene of a spot node that is taken away, before the alert or while the incident is open."""

    async def play(cluster: Cluster) -> None:
        held = lose_node(cluster, -160)
        if gone_at > 0:
            await cluster.tell("triggered", 0)
        cluster.remove(gone_at, node(), *(pod(held, letter) for letter in "abc"))
        cluster.see(gone_at + 40, *(pod(held, each, gone_at + 2, node="node-2") for each in "de"))
        await cluster.tell(more.get("tells", "triggered"), max(0, gone_at + 50))

    return ClusterScene("1g", title, play)


async def slow_start(cluster: Cluster) -> None:
    """Replace all pods at once by those of a version that takes minutes to start."""
    old = healthy(cluster)
    cluster.remove(-305, *(pod(old, letter) for letter in "abc"))
    held, workload = release("3.11", 2, -300)
    cluster.see(-300, held, workload, *(pod(held, letter, -298, ready=False) for letter in "def"))
    await cluster.tell("triggered", 0)
    cluster.see(100, *(pod(held, letter, -298, since=100) for letter in "def"))
    await cluster.tell("resolved", 200)


def reopened(title: str, *, goes_on: bool) -> ClusterScene:
    """Return the scene of an incident that is opened again two hours later, when its fault goes on, or is gone."""

    async def play(cluster: Cluster) -> None:
        healthy(cluster)
        held = bad_release(cluster, -120)
        await cluster.tell("triggered", 0)
        await cluster.tell("resolved", 60)
        if goes_on:
            for at in range(300, 7200, 300):
                failing = crashing(8 + at // 300, at - 2)
                cluster.see(at, pod(held, "d", -118, ready=False, container=failing))
        else:
            cluster.see(300, pod(held, "d", -118, since=300))
        await cluster.tell("reopened", 7200, reopened_at=when(7200))

    return ClusterScene("1e", title, play)


SCENES = [
    flapped("a node was well again minutes before a late alert", -300, -200),
    flapped("a node was well again half an hour before the alert", -2400, -1800),
    flapped("a node was well again before it was resolved", -100, 50, is_resolved=True),
    reclaimed("a spot node was deleted before the alert", -90),
    reclaimed("a spot node was deleted while the incident was open", 30, tells="acknowledged"),
    reclaimed("a spot node was deleted before it was resolved", 30, tells="resolved"),
    ClusterScene("3i", "a slow start is over when it is resolved", slow_start),
    reopened("opened again while the bad version still crashes", goes_on=True),
    reopened("opened again when the bad version is well", goes_on=False),
]
