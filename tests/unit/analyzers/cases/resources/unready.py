"""What is seen, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "InitContainerRuns", "container": "migrate"},
        "1 pod of pay waits for init container migrate to end",
        "new pods wait for init container migrate to end",
        "kubectl -n shop logs pay-0 -c migrate",
    ),
    Case(
        {"reason": "SidecarNotStarted", "container": "envoy"},
        "2 pods of pay wait for sidecar envoy to start",
        "new pods wait for sidecar envoy to start",
        "kubectl -n shop logs pay-0 -c envoy",
        pods=2,
    ),
    Case(
        {"reason": "ContainerNotReady", "container": "proxy"},
        "1 pod of pay waits for container proxy to be ready, while the others are",
        "new pods wait for container proxy to be ready, while the others are",
        "kubectl -n shop logs pay-0 -c proxy",
    ),
    Case(
        {
            "reason": "ReadinessGateClosed",
            "message": 'corresponding condition of pod readiness gate "target-health.example.com/pay" does not exist.',
        },
        "1 pod of pay waits for readiness gate target-health.example.com/pay",
        "new pods wait for readiness gate target-health.example.com/pay",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "ReadinessGateClosed", "container": "$(x)"},
        "1 pod of pay waits for a readiness gate",
        "new pods wait for a readiness gate",
        "kubectl -n shop describe pod/pay-0",
    ),
]
