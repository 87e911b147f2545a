"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "FailedSync", "message": "timed out"},
        "pay: FailedSync",
        "pay: FailedSync",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": ""}, "pay: a fault was reported", "pay: a fault was reported", "kubectl -n shop describe pod/pay-0"
    ),
    Case({}, "pay: a fault was reported", "pay: a fault was reported", "kubectl -n shop describe pod/pay-0", pods=2),
]
