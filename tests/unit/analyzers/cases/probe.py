"""What is reported, and the words that the note makes of it."""

from testbed.fault_cases import Case

CASES = [
    Case(
        {"reason": "Unhealthy", "probe": "readiness", "probe_target": "/ready"},
        "1 pod of pay fails the readiness probe (/ready)",
        "new pods fail the readiness probe (/ready)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "Unhealthy", "probe": "liveness"},
        "2 pods of pay fail the liveness probe",
        "new pods fail the liveness probe",
        "kubectl -n shop describe pod/pay-0",
        pods=2,
    ),
    Case(
        {"reason": "Unhealthy"},
        "1 pod of pay fails the health probe",
        "new pods fail the health probe",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {
            "reason": "Unhealthy",
            "probe": "liveness",
            "probe_target": "/alive on port 8080",
            "container": "envoy",
            "container_role": "container",
        },
        "1 pod of pay fails the liveness probe of container envoy (/alive on port 8080)",
        "new pods fail the liveness probe of container envoy (/alive on port 8080)",
        "kubectl -n shop describe pod/pay-0",
    ),
    Case(
        {"reason": "Unhealthy", "probe": "startup", "probe_target": "/up", "killed": "1", "probe_allows": "30"},
        "1 pod of pay fails the startup probe (/up), 30 s after each start",
        "new pods fail the startup probe (/up), 30 s after each start",
        "kubectl -n shop describe pod/pay-0\n"
        "# if it only starts slowly, raise failureThreshold of the startup probe, else see its logs",
    ),
]
