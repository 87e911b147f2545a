"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "disk_full /data/wal",
        },
        "1 pod of pay keeps crashing: no space left on its disk (/data/wal)",
        "new pods crash: no space left on its disk (/data/wal)",
        "kubectl -n shop logs --previous pay-0 -c app\n# make room on its volume or enlarge its claim",
    ),
    Case(
        {"reason": "Error", "exit_code": "2", "container_role": "init container", "log_reason": "disk_full"},
        "2 pods of pay crashed: no space left on its disk",
        "new pods crash: no space left on its disk",
        "kubectl -n shop logs pay-0\n# make room on its volume or enlarge its claim",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "disk_full $(rm -rf /)"},
        "1 pod of pay crashed: no space left on its disk",
        "new pods crash: no space left on its disk",
        "kubectl -n shop logs pay-0\n# make room on its volume or enlarge its claim",
    ),
]
