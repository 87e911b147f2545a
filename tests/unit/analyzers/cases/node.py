"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

PODS_ON_IT = "kubectl get pods -A -o wide --field-selector spec.nodeName=node-7"
CASES = [
    Case(
        {"reason": "NodeNotReady"},
        "node node-7 is not ready",
        "node node-7 is not ready",
        "node node-7: bring its machine, kubelet and network back, or drain and replace it; "
        "Deployments leave it after 5 min. What runs on it:\n" + PODS_ON_IT,
        about="Node",
    ),
    Case(
        {"reason": "NodeMemoryPressure"},
        "node node-7 runs out of memory",
        "node node-7 runs out of memory",
        "node node-7: end or move what uses most memory, then set memory requests and limits. What runs on it:\n"
        + PODS_ON_IT,
        about="Node",
    ),
    Case(
        {"reason": "NodeDiskPressure"},
        "node node-7 runs out of disk",
        "node node-7 runs out of disk",
        "node node-7: free its disk: images, logs and emptyDir volumes; or move what writes most. What runs on it:\n"
        + PODS_ON_IT,
        about="Node",
    ),
    Case(
        {"reason": "NodePIDPressure"},
        "node node-7 runs out of process ids",
        "node node-7 runs out of process ids",
        "node node-7: end or move what starts most processes. What runs on it:\n" + PODS_ON_IT,
        about="Node",
    ),
    Case(
        {"reason": "NodeNetworkUnavailable"},
        "node node-7 has no network",
        "node node-7 has no network",
        "node node-7: repair its network plugin or its routes, or replace it. What runs on it:\n" + PODS_ON_IT,
        about="Node",
    ),
    Case(
        {"reason": "KernelDeadlock"},
        "node node-7 is in trouble (KernelDeadlock)",
        "node node-7 is in trouble (KernelDeadlock)",
        "node node-7: see what it reports, and drain it if it does not recover. What runs on it:\n" + PODS_ON_IT,
        about="Node",
    ),
    Case(
        {"reason": "Evicted"},
        "node node-7 is in trouble (Evicted)",
        "node node-7 is in trouble (Evicted)",
        "node node-7: see what it reports, and drain it if it does not recover. What runs on it:\n" + PODS_ON_IT,
        about="Node",
    ),
    Case(
        {"reason": "PodsFailOnNode", "workloads": "3"},
        "on node node-7 pods of 3 workloads fail that run well elsewhere",
        "on node node-7 pods of 3 workloads fail that run well elsewhere",
        "node node-7: see what these pods cannot reach from there, such as network, DNS or disk, or cordon and "
        "drain it. What runs on it:\n" + PODS_ON_IT,
        about="Node",
    ),
]
