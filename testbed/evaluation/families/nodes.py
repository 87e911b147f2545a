"""Nodes that fail, fill up or are taken away; nobody released anything."""

from testbed.evaluation.families.common import DOWN, FRONT, Play, alert, louder
from testbed.evaluation.recording.ailments import Ailment, evicted, no_sandbox, unready, unschedulable
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change, fault

NODE = "Node//node-a"
UNKNOWN = ("Ready", "NodeStatusUnknown", "Kubelet stopped posting node status.")
PRESSED = "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 812Mi."
MEMORY = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 31Mi."
CNI = 'failed to setup network for sandbox: plugin type="calico" failed (add): connection is unauthorized'


def ailing(
    condition: str, reason: str, message: str, ailment: Ailment | None, before: float, *, loud: bool = False
) -> Play:
    """A node's condition turns bad, and the pods on it suffer."""

    async def play(place: Place) -> None:
        node = f"{place.prefix}node-a"
        await place.at(-before)
        taint = "node.kubernetes.io/unreachable" if condition == "Ready" else f"node.kubernetes.io/{condition.lower()}"
        await place.ail_node(node, condition, reason, message, taint)
        await place.tell(
            "Node",
            node,
            "NodeNotReady" if condition == "Ready" else f"NodeHas{condition}",
            f"Node {node} status is now: {reason}",
            -before,
            -before,
            component="node-controller",
        )
        await victims(place, node, ailment or unready("Get: context deadline exceeded"))
        if loud:
            await louder(place)

    return play


async def victims(place: Place, node: str, ailment: Ailment) -> None:
    """Have the pods of the first workload that has one on a node suffer, and page about it."""
    for role in ("front", "api", "pay", "cache"):
        name = getattr(place, role)
        here = [pod for pod in await place.pods(name) if pod["spec"].get("nodeName") == node]
        if here:
            known = frozenset(pod["metadata"]["uid"] for pod in await place.pods(name)) - {
                pod["metadata"]["uid"] for pod in here
            }
            place.kubelet.rule(name, ailment, known, 99)
            alert(place, role)
            return
    raise AssertionError("no workload has a pod on the node")


async def cordoned(place: Place) -> None:
    """All nodes are cordoned for an upgrade; a workload that is restarted finds no place."""
    await place.at(-1300)
    for node in place.nodes:
        spec = {
            "spec": {
                "unschedulable": True,
                "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}],
            }
        }
        await place.api_server.patch("Node", node, spec, "kubectl-cordon")
    await place.at(-240)
    await place.fail(place.front, unschedulable("0/3 nodes are available: 3 node(s) were unschedulable."), new=True)
    for pod in await place.pods(place.front):
        await place.remove("Pod", pod["metadata"]["name"])
    alert(place, "front")


async def gone(place: Place) -> None:
    """A spot instance is taken away: its node is deleted with all its pods, and there is no room elsewhere."""
    node = f"{place.prefix}node-a"
    await place.at(-180)
    await place.fail(place.front, unschedulable("0/2 nodes are available: 2 Insufficient memory."), new=True)
    for pod in await place.pods(place.front):
        await place.remove("Pod", pod["metadata"]["name"])
    await place.tell(
        "Node",
        node,
        "DeletingNode",
        f"Deleting node {node}: it does not exist in the cloud provider",
        -185,
        -185,
        component="cloud-node-lifecycle-controller",
    )
    await place.remove("Node", node)
    alert(place, "front")


async def selector_without_node(place: Place) -> None:
    """A release asks for a kind of node that this cluster has none of."""
    await place.at(-350)
    why = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
    await place.fail(place.front, unschedulable(why), new=True)

    def edit(made: dict[str, object]) -> None:
        made["spec"]["template"]["spec"]["nodeSelector"] = {"pool": "gpu"}  # type: ignore[index]  # a manifest

    await place.edit("Deployment", place.front, edit, "helm")
    alert(place, "front", DOWN)


SCENARIOS = [
    Scenario("nodes/unreachable", fault(NODE, "node", slices="node"), ailing(*UNKNOWN, None, 150)),
    Scenario(
        "nodes/unreachable-beside-a-loud-release",
        fault(NODE, "node", slices="node louder"),
        ailing(*UNKNOWN, None, 200, loud=True),
    ),
    Scenario(
        "nodes/disk-pressure",
        fault(NODE, "node", "evicted", slices="node"),
        ailing("DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure", evicted(PRESSED), 300),
    ),
    Scenario(
        "nodes/memory-pressure",
        fault(NODE, "node", "evicted", slices="node"),
        ailing(
            "MemoryPressure",
            "KubeletHasInsufficientMemory",
            "kubelet has insufficient memory available",
            evicted(MEMORY),
            240,
        ),
    ),
    Scenario(
        "nodes/pid-pressure-beside-a-loud-release",
        fault(NODE, "node", slices="node louder"),
        ailing(
            "PIDPressure",
            "KubeletHasInsufficientPID",
            "kubelet has insufficient PID available",
            unready("context deadline exceeded"),
            260,
            loud=True,
        ),
    ),
    Scenario(
        "nodes/container-runtime-down",
        fault(NODE, "node", slices="node"),
        ailing("Ready", "KubeletNotReady", "container runtime is down: rpc error: code = Unavailable", None, 420),
    ),
    Scenario(
        "nodes/network-plugin",
        fault(NODE, "node", "sandbox", slices="node"),
        ailing(
            "Ready",
            "KubeletNotReady",
            "container runtime network not ready: cni plugin not initialized",
            no_sandbox(CNI),
            330,
        ),
    ),
    Scenario("nodes/spot-instance-taken", fault(NODE, "node", "unschedulable", slices="node", also=(FRONT,)), gone),
    Scenario(
        "nodes/all-cordoned",
        change(NODE, "cordon", "node", "unschedulable", slices="node", also=("Node//node-b", "Node//node-c")),
        cordoned,
    ),
    Scenario("nodes/selector-without-node", change(FRONT, "rollout", "unschedulable"), selector_without_node),
]
