"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "unreachable 10.0.0.5:5432",
        },
        "1 pod of pay keeps crashing: no answer from what it calls (10.0.0.5:5432)",
        "new pods crash: no answer from what it calls (10.0.0.5:5432)",
        "kubectl -n shop logs --previous pay-0 -c app"
        "\n# what it calls is gone, or a NetworkPolicy, a firewall or a route is between them",
    ),
    Case(
        {"reason": "Error", "exit_code": "2", "container_role": "init container", "log_reason": "unreachable"},
        "2 pods of pay crashed: no answer from what it calls",
        "new pods crash: no answer from what it calls",
        "kubectl -n shop logs pay-0"
        "\n# what it calls is gone, or a NetworkPolicy, a firewall or a route is between them",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "unreachable $(rm -rf /)"},
        "1 pod of pay crashed: no answer from what it calls",
        "new pods crash: no answer from what it calls",
        "kubectl -n shop logs pay-0"
        "\n# what it calls is gone, or a NetworkPolicy, a firewall or a route is between them",
    ),
]
