"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "bad_flag --metrics-addr",
        },
        "1 pod of pay keeps crashing: wrong flag or argument (--metrics-addr)",
        "new pods crash: wrong flag or argument (--metrics-addr)",
        "kubectl -n shop describe deployment/pay\n# compare its command and args with what this version takes",
    ),
    Case(
        {"reason": "Error", "exit_code": "2", "container_role": "init container", "log_reason": "bad_flag"},
        "2 pods of pay crashed: wrong flag or argument",
        "new pods crash: wrong flag or argument",
        "kubectl -n shop describe deployment/pay\n# compare its command and args with what this version takes",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "bad_flag $(rm -rf /)"},
        "1 pod of pay crashed: wrong flag or argument",
        "new pods crash: wrong flag or argument",
        "kubectl -n shop describe deployment/pay\n# compare its command and args with what this version takes",
    ),
]
