"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "address_in_use 0.0.0.0:8080",
        },
        "1 pod of pay keeps crashing: address already in use (0.0.0.0:8080)",
        "new pods crash: address already in use (0.0.0.0:8080)",
        "kubectl -n shop logs --previous pay-0 -c app"
        "\n# another container of its pod, or a pod on the network of its node, listens on that port already",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "address_in_use port 9090",
        },
        "2 pods of pay crashed: address already in use (port 9090)",
        "new pods crash: address already in use (port 9090)",
        "kubectl -n shop logs pay-0"
        "\n# another container of its pod, or a pod on the network of its node, listens on that port already",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "address_in_use $(rm -rf /)"},
        "1 pod of pay crashed: address already in use",
        "new pods crash: address already in use",
        "kubectl -n shop logs pay-0"
        "\n# another container of its pod, or a pod on the network of its node, listens on that port already",
    ),
]
