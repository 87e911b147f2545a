"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "certificate vault:8200",
        },
        "1 pod of pay keeps crashing: certificate not valid (vault:8200)",
        "new pods crash: certificate not valid (vault:8200)",
        "kubectl -n shop logs --previous pay-0 -c app"
        "\n# see when the certificate ends, for which names it is, and whether its authority is trusted here",
    ),
    Case(
        {"reason": "Error", "exit_code": "2", "container_role": "init container", "log_reason": "certificate"},
        "2 pods of pay crashed: certificate not valid",
        "new pods crash: certificate not valid",
        "kubectl -n shop logs pay-0"
        "\n# see when the certificate ends, for which names it is, and whether its authority is trusted here",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "certificate $(rm -rf /)"},
        "1 pod of pay crashed: certificate not valid",
        "new pods crash: certificate not valid",
        "kubectl -n shop logs pay-0"
        "\n# see when the certificate ends, for which names it is, and whether its authority is trusted here",
    ),
]
