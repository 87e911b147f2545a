"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "no_such_host db",
        },
        "1 pod of pay keeps crashing: no such host (db)",
        "new pods crash: no such host (db)",
        "kubectl -n shop get services"
        "\n# is there a Service of that name in its namespace, and does the DNS of the cluster answer",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "no_such_host auth.shop.svc",
        },
        "2 pods of pay crashed: no such host (auth.shop.svc)",
        "new pods crash: no such host (auth.shop.svc)",
        "kubectl -n shop get services"
        "\n# is there a Service of that name in its namespace, and does the DNS of the cluster answer",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "no_such_host $(rm -rf /)"},
        "1 pod of pay crashed: no such host",
        "new pods crash: no such host",
        "kubectl -n shop get services"
        "\n# is there a Service of that name in its namespace, and does the DNS of the cluster answer",
    ),
]
