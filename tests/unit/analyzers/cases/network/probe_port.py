"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

DESCRIBE = "kubectl -n shop describe pod/pay-0"
CASES = [
    Case(
        {"reason": "ProbePortUndeclared", "probe": "readiness", "port": "8081", "instead": "8080"},
        "the readiness probe of pay asks port 8081, and its container has 8080",
        "the readiness probe asks port 8081, and its container has 8080",
        DESCRIBE,
    ),
    Case(
        {"reason": "ProbePortUnknown", "probe": "liveness", "port": "http", "container": "web"}
        | {"container_role": "container"},
        "the liveness probe of pay asks port http, and container web has no such port",
        "the liveness probe asks port http, and container web has no such port",
        DESCRIBE,
    ),
    Case(
        {"reason": "ProbeSchemeMismatch", "probe": "startup", "port": "http"},
        "the startup probe of pay asks for HTTPS on port http, which serves HTTP",
        "the startup probe asks for HTTPS on port http, which serves HTTP",
        DESCRIBE,
        pods=2,
    ),
]
