"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "Evicted", "message": "The node was low on resource: memory."},
        "1 pod of pay was evicted (its node ran low on memory)",
        "new pods are evicted",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "Evicted", "message": "The node had condition: [DiskPressure]."},
        "2 pods of pay were evicted (its node ran low on disk)",
        "new pods are evicted",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "Evicted", "message": "low on pids"},
        "1 pod of pay was evicted (its node ran low on process ids)",
        "new pods are evicted",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "Preempting"},
        "1 pod of pay was evicted",
        "new pods are evicted",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "NodeLost"}, "1 pod of pay was evicted", "new pods are evicted", "kubectl -n shop describe pod/pay-0"
    ),
]
