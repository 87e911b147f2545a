"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "permission_denied /data",
        },
        "1 pod of pay keeps crashing: permission denied (/data)",
        "new pods crash: permission denied (/data)",
        "kubectl -n shop describe deployment/pay"
        "\n# see the user and group that it runs as, the rights of its volumes, and those of its ServiceAccount",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "permission_denied configmaps",
        },
        "2 pods of pay crashed: permission denied (configmaps)",
        "new pods crash: permission denied (configmaps)",
        "kubectl -n shop describe deployment/pay"
        "\n# see the user and group that it runs as, the rights of its volumes, and those of its ServiceAccount",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "permission_denied $(rm -rf /)"},
        "1 pod of pay crashed: permission denied",
        "new pods crash: permission denied",
        "kubectl -n shop describe deployment/pay"
        "\n# see the user and group that it runs as, the rights of its volumes, and those of its ServiceAccount",
    ),
]
