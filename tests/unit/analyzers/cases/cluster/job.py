"""What is reported, and the words that the note makes of it."""

from noctuary.analyzers.cluster.job import FAILED, NOT_STARTED
from testbed.fault_cases import Case

CASES = [
    *(
        Case(
            {"reason": reason},
            f"job pay {words}",
            "its pods fail since",
            "look at pay",
            pods=0,
        )
        for reason, words in FAILED.items()
    ),
    *(
        Case(
            {"reason": reason},
            f"cron job pay {words}",
            "its pods fail since",
            "look at pay",
            pods=0,
        )
        for reason, words in NOT_STARTED.items()
    ),
    Case(
        {"reason": "DeadlineExceeded"},
        "1 pod of pay ran longer than its deadline",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
]
