"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "authentication_failed user app",
        },
        "1 pod of pay keeps crashing: authentication failed (user app)",
        "new pods crash: authentication failed (user app)",
        "kubectl -n shop describe deployment/pay"
        "\n# compare the Secrets that it reads with what the other side accepts, a password may have been rotated",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "authentication_failed postgres:5432",
        },
        "2 pods of pay crashed: authentication failed (postgres:5432)",
        "new pods crash: authentication failed (postgres:5432)",
        "kubectl -n shop describe deployment/pay"
        "\n# compare the Secrets that it reads with what the other side accepts, a password may have been rotated",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "authentication_failed $(rm -rf /)"},
        "1 pod of pay crashed: authentication failed",
        "new pods crash: authentication failed",
        "kubectl -n shop describe deployment/pay"
        "\n# compare the Secrets that it reads with what the other side accepts, a password may have been rotated",
    ),
]
