"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "PolicyViolation", "message": "rule passed"},
        "a policy objects to 1 pod of pay",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "FailedToRetrieveImagePullSecret"},
        "a pull secret of 2 pods of pay is missing",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "DNSConfigForming"},
        "2 pods of pay have more name servers or domains than fit",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "CheckLimitsForResolvConf"},
        "1 pod of pay has more name servers or domains than fit",
        "its pods fail since",
        "kubectl -n shop describe pod/pay-0",
    ),
]
