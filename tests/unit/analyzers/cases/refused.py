"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "FailedCreate", "quota": "small", "quota_limit": "pods=2"},
        "pods of pay exceed quota small (pods=2)",
        "new pods exceed quota small (pods=2)",
        "kubectl -n shop describe resourcequota/small\n# raise it, or ask for less",
    ),
    Case(
        {"reason": "FailedCreate", "quota": "small"},
        "pods of pay exceed quota small",
        "new pods exceed quota small",
        "kubectl -n shop describe resourcequota/small\n# raise it, or ask for less",
    ),
    Case(
        {"reason": "FailedCreate", "message": 'violates PodSecurity "restricted"'},
        "pods of pay cannot be created (Pod Security forbids them)",
        "new pods cannot be created (Pod Security forbids them)",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate", "message": "error looking up service account shop/pay"},
        "pods of pay cannot be created (their service account is missing)",
        "new pods cannot be created (their service account is missing)",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate", "message": "admission webhook denied the request"},
        "pods of pay cannot be created (an admission policy denies them)",
        "new pods cannot be created (an admission policy denies them)",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate", "message": "maximum cpu usage per Container is 1"},
        "pods of pay cannot be created (outside the limit range)",
        "new pods cannot be created (outside the limit range)",
        "kubectl -n shop describe deployment/pay",
    ),
    Case(
        {"reason": "FailedCreate"},
        "pods of pay cannot be created",
        "new pods cannot be created",
        "kubectl -n shop describe deployment/pay",
    ),
]
