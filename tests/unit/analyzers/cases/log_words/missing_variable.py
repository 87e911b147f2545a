"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {
            "reason": "CrashLoopBackOff",
            "exit_code": "1",
            "restarts": "3",
            "container": "app",
            "log_reason": "missing_variable DATABASE_URL",
        },
        "1 pod of pay keeps crashing: variable not set (DATABASE_URL)",
        "new pods crash: variable not set (DATABASE_URL)",
        "kubectl -n shop describe deployment/pay\n# compare its variables with what this version needs",
    ),
    Case(
        {
            "reason": "Error",
            "exit_code": "2",
            "container_role": "init container",
            "log_reason": "missing_variable db.url",
        },
        "2 pods of pay crashed: variable not set (db.url)",
        "new pods crash: variable not set (db.url)",
        "kubectl -n shop describe deployment/pay\n# compare its variables with what this version needs",
        pods=2,
    ),
    Case(
        {"reason": "Error", "exit_code": "1", "log_reason": "missing_variable $(rm -rf /)"},
        "1 pod of pay crashed: variable not set",
        "new pods crash: variable not set",
        "kubectl -n shop describe deployment/pay\n# compare its variables with what this version needs",
    ),
]
