"""Probes that ask the wrong thing, or too soon."""

from testbed.evaluation.families.common import API, FRONT, PAY, WORKER, released
from testbed.evaluation.recording.ailments import killed_by_probe, unready
from testbed.evaluation.scenario import Scenario, change

KINDS = ("rollout", "probe")
NOT_FOUND = "HTTP probe failed with statuscode: 404"


def probe(path: str, port: int, **more: object) -> dict[str, object]:
    """Return a probe."""
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 5, "failureThreshold": 2, **more}


SCENARIOS = [
    Scenario(
        "probes/liveness-path-gone",
        change(API, *KINDS),
        released("api", "4.1.0", killed_by_probe(NOT_FOUND), 400, "helm", livenessProbe=probe("/live", 8081)),
    ),
    Scenario(
        "probes/readiness-port-wrong",
        change(PAY, *KINDS),
        released(
            "pay",
            "",
            unready("dial tcp 10.4.1.7:9090: connect: connection refused"),
            300,
            "kubectl-edit",
            readinessProbe=probe("/healthz", 9090),
        ),
    ),
    Scenario(
        "probes/new-version-drops-the-path",
        change(FRONT, *KINDS),
        released("front", "7.0.0", unready(NOT_FOUND), 260, "helm"),
    ),
    Scenario(
        "probes/start-takes-longer",
        change(WORKER, *KINDS),
        released(
            "worker",
            "5.5.0",
            killed_by_probe("connect: connection refused", "Startup"),
            600,
            "helm",
            startupProbe=probe("/healthz", 8083),
        ),
    ),
    Scenario(
        "probes/timeout-of-a-second",
        change(API, *KINDS),
        released(
            "api",
            "",
            killed_by_probe("context deadline exceeded (Client.Timeout exceeded)"),
            800,
            "kubectl-edit",
            livenessProbe=probe("/healthz", 8081, timeoutSeconds=1, initialDelaySeconds=1),
        ),
    ),
    Scenario(
        "probes/https-asked-of-http",
        change(PAY, *KINDS),
        released(
            "pay",
            "",
            unready("http: server gave HTTP response to HTTPS client"),
            200,
            "argocd-controller",
            readinessProbe=probe("/healthz", 8082) | {"httpGet": {"path": "/healthz", "port": 8082, "scheme": "HTTPS"}},
        ),
    ),
]
