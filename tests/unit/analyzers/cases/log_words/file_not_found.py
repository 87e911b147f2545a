"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "file_not_found /etc/app/config.yaml",
        },
        "1 pod of pay keeps crashing: file not found (/etc/app/config.yaml)",
        "new pods crash: file not found (/etc/app/config.yaml)",
        "kubectl -n shop describe deployment/pay"
        "\n# compare the path with its mounts, the keys of its ConfigMaps, and what its image holds",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "file_not_found ./serve.sh",
        },
        "2 pods of pay crashed: file not found (./serve.sh)",
        "new pods crash: file not found (./serve.sh)",
        "kubectl -n shop describe deployment/pay"
        "\n# compare the path with its mounts, the keys of its ConfigMaps, and what its image holds",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "file_not_found $(rm -rf /)"},
        "1 pod of pay crashed: file not found",
        "new pods crash: file not found",
        "kubectl -n shop describe deployment/pay"
        "\n# compare the path with its mounts, the keys of its ConfigMaps, and what its image holds",
    ),
]
