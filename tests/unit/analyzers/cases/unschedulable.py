"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "FailedScheduling", "message": "0/3 nodes are available: 3 Insufficient memory."},
        "1 pod of pay finds no node to run on (insufficient memory)",
        "new pods find no node (insufficient memory)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "0/3 nodes: 3 Insufficient cpu."},
        "2 pods of pay find no node to run on (insufficient CPU)",
        "new pods find no node (insufficient CPU)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "Unschedulable", "message": "3 node(s) had untolerated taint"},
        "1 pod of pay finds no node to run on (untolerated taints)",
        "new pods find no node (untolerated taints)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "didn't match Pod's node affinity/selector"},
        "1 pod of pay finds no node to run on (no node matches its rules)",
        "new pods find no node (no node matches its rules)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "had volume node conflict"},
        "1 pod of pay finds no node to run on (its volume)",
        "new pods find no node (its volume)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling", "message": "Insufficient nvidia.com/gpu"},
        "1 pod of pay finds no node to run on (insufficient resources)",
        "new pods find no node (insufficient resources)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedScheduling"},
        "1 pod of pay finds no node to run on",
        "new pods find no node",
        "kubectl -n shop describe pod/pay-0",
    ),
]
