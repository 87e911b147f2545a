"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "connection_refused postgres:5432",
        },
        "1 pod of pay keeps crashing: connection refused (postgres:5432)",
        "new pods crash: connection refused (postgres:5432)",
        "kubectl -n shop logs --previous pay-0 -c app\n# what it calls is down, or listens on another port",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "connection_refused [fd00::5]:5432",
        },
        "2 pods of pay crashed: connection refused ([fd00::5]:5432)",
        "new pods crash: connection refused ([fd00::5]:5432)",
        "kubectl -n shop logs pay-0\n# what it calls is down, or listens on another port",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "connection_refused $(rm -rf /)"},
        "1 pod of pay crashed: connection refused",
        "new pods crash: connection refused",
        "kubectl -n shop logs pay-0\n# what it calls is down, or listens on another port",
    ),
]
