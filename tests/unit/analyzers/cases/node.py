"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "NodeNotReady"},
        "node node-7 is not ready",
        "its pods fail since",
        "kubectl describe node/node-7",
        about="Node",
    ),
    Case(
        {"reason": "NodeMemoryPressure"},
        "node node-7 runs out of memory",
        "its pods fail since",
        "kubectl describe node/node-7",
        about="Node",
    ),
    Case(
        {"reason": "NodeDiskPressure"},
        "node node-7 runs out of disk",
        "its pods fail since",
        "kubectl describe node/node-7",
        about="Node",
    ),
    Case(
        {"reason": "NodePIDPressure"},
        "node node-7 runs out of process ids",
        "its pods fail since",
        "kubectl describe node/node-7",
        about="Node",
    ),
    Case(
        {"reason": "NodeNetworkUnavailable"},
        "node node-7 has no network",
        "its pods fail since",
        "kubectl describe node/node-7",
        about="Node",
    ),
    Case(
        {"reason": "KernelDeadlock"},
        "node node-7 is in trouble (KernelDeadlock)",
        "its pods fail since",
        "kubectl describe node/node-7",
        about="Node",
    ),
    Case(
        {"reason": "Evicted"},
        "node node-7 is in trouble (Evicted)",
        "its pods fail since",
        "kubectl describe node/node-7",
        about="Node",
    ),
]
