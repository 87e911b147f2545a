"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

REMEDY = "kubectl -n shop describe service/pay\n# compare its targetPort with the ports of the containers"
CASES = [
    Case(facts, said, said, REMEDY, pods=0, about="Service")
    for facts, said in (
        (
            {"reason": "ServiceTargetPortUndeclared", "port": "8081", "instead": "8080", "workload": "pay"},
            "Service pay leads to port 8081, and pay has 8080",
        ),
        (
            {"reason": "ServiceTargetPortUnknown", "port": "http", "instead": "web, metrics", "workload": "pay"},
            "Service pay leads to port http, and pay has web, metrics",
        ),
        (
            {"reason": "ServiceTargetPortUnknown", "port": "http", "workload": "pay"},
            "Service pay leads to port http, and pay has no such port",
        ),
        (
            {"reason": "ServiceProtocolMismatch", "port": "53/UDP", "instead": "53/TCP", "workload": "pay"},
            "Service pay leads to 53/UDP, and pay has 53/TCP there",
        ),
        (
            {"reason": "ServiceProtocolMismatch"},
            "Service pay leads to a port, and its workload has another protocol there",
        ),
    )
]
