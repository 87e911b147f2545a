"""What is reported, and the words that the note makes of it."""

from noctuary.analyzers.cluster.job import FAILED, IDLE, NOT_STARTED
from testbed.fault_cases import Case

CASES = [
    *(
        Case(
            {"reason": reason},
            f"job pay {words}",
            f"job pay {words}",
            "kubectl -n shop describe deployment/pay",
            pods=0,
        )
        for reason, words in FAILED.items()
    ),
    *(
        Case(
            {"reason": reason},
            f"cron job pay {words}",
            f"cron job pay {words}",
            "kubectl -n shop describe deployment/pay",
            pods=0,
        )
        for reason, words in NOT_STARTED.items()
    ),
    Case(
        {"reason": "DeadlineExceeded"},
        "1 pod of pay ran longer than its deadline",
        "1 pod of pay ran longer than its deadline",
        "kubectl -n shop describe pod/pay-0",
    ),
    *(
        Case(
            {"reason": reason},
            f"{noun} pay {IDLE[reason]}",
            f"{noun} pay {IDLE[reason]}",
            f"kubectl -n shop describe {kind.lower()}/pay\n# {helps}",
            pods=0,
            about=kind,
        )
        for reason, noun, kind, helps in (
            ("JobSuspended", "job", "Job", "set suspend to false, unless this was meant"),
            ("CronJobSuspended", "cron job", "CronJob", "set suspend to false, unless this was meant"),
            ("RunDoesNotEnd", "cron job", "CronJob", "see why its last job does not end, or end that"),
        )
    ),
]
