"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "missing_module flask_cors",
        },
        "1 pod of pay keeps crashing: module not found (flask_cors)",
        "new pods crash: module not found (flask_cors)",
        "kubectl -n shop logs --previous pay-0 -c app"
        "\n# its image was built without it, go back to an image that holds it, or build it anew",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "missing_module @scope/lib",
        },
        "2 pods of pay crashed: module not found (@scope/lib)",
        "new pods crash: module not found (@scope/lib)",
        "kubectl -n shop logs pay-0"
        "\n# its image was built without it, go back to an image that holds it, or build it anew",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "missing_module $(rm -rf /)"},
        "1 pod of pay crashed: module not found",
        "new pods crash: module not found",
        "kubectl -n shop logs pay-0"
        "\n# its image was built without it, go back to an image that holds it, or build it anew",
    ),
]
