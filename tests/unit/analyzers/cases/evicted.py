"""What is reported, and the words that the note makes of it."""

from noctuary.analyzers.evicted import ENDS, PREEMPTED
from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "Evicted", "message": "The node was low on resource: memory."},
        "1 pod of pay was evicted (its node ran low on memory)",
        "new pods are evicted (its node ran low on memory)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "Evicted", "message": "The node had condition: [DiskPressure]."},
        "2 pods of pay were evicted (its node ran low on disk)",
        "new pods are evicted (its node ran low on disk)",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "Evicted", "message": "low on pids"},
        "1 pod of pay was evicted (its node ran low on process ids)",
        "new pods are evicted (its node ran low on process ids)",
        "kubectl -n shop describe pod/pay-0",
    ),
    *(
        Case(
            {"reason": reason},
            f"2 pods of pay {'are' if reason == 'NodeNotReady' else 'were'} {end}",
            f"new pods are {end}",
            "make room on the nodes, or give its pods a higher priority"
            if reason in PREEMPTED
            else "kubectl -n shop describe pod/pay-0",
            pods=2,
        )
        for reason, end in ENDS.items()
    ),
    *(
        Case(
            {"reason": "Evicted", "message": message},
            f"1 pod of pay was evicted ({why})",
            f"new pods are evicted ({why})",
            "kubectl -n shop describe pod/pay-0",
        )
        for message, why in (
            (
                'Container app exceeded its local ephemeral storage limit "1Gi". ',
                "exceeded its own ephemeral-storage limit 1Gi",
            ),
            (
                "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ",
                "exceeded its own ephemeral-storage limit 2Gi",
            ),
            (
                'Usage of EmptyDir volume "cache" exceeds the limit "100Mi". ',
                "its emptyDir cache exceeded its limit 100Mi",
            ),
        )
    ),
]
