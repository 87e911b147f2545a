"""No secret of a message reaches an event, and what a message says of secrets stays readable."""

from typing import Any

import msgspec
import pytest

from noctuary.models import details
from noctuary.sources.kubernetes.kinds.nodes import Node, node_faults
from noctuary.sources.kubernetes.kinds.pods import pod_faults
from noctuary.sources.kubernetes.words.redaction import redact
from tests.unit.sources.cases.events import warning
from tests.unit.sources.cases.nodes import node
from tests.unit.sources.cases.pods import decoded, pod
from tests.unit.sources.test_event_facts import PROBED, Watches

SECRET = "hunter2"
TOLD = [
    (
        'Get "https://bob:hunter2@reg.example.com/v2/": unauthorized',
        'Get "https://…@reg.example.com/v2/": unauthorized',
    ),
    ("dial postgres://bob:p@hunter2@db:5432/x failed", "dial postgres://…@db:5432/x failed"),
    ("Error 1045: bob:hunter2@tcp(db:3306)/shop", "Error 1045: …@tcp(db:3306)/shop"),
    ('Get "http://10.0.0.7/healthz?token=hunter2&x=1": EOF', 'Get "http://10.0.0.7/healthz?…": EOF'),
    ("GET https://x.example/cb?hunter2 failed", "GET https://x.example/cb?… failed"),
    ("GET /cb?code=hunter2 failed", "GET /cb?… failed"),
    ("AWS_SECRET_ACCESS_KEY=hunter2 is set", "AWS_SECRET_ACCESS_KEY=… is set"),
    ("DB_PASS=hunter2", "DB_PASS=…"),
    ('{"password":"hunter2 x","token": "hunter2"}', '{"password":…,"token": …}'),
    ('server with password "hunter2" failed', "server with password … failed"),
    ("password: hunter2", "password: …"),
    ("Authorization: Bearer hunter2, retried", "Authorization: …, retried"),
    ("sent bearer abcdefhunter2 to x", "sent bearer … to x"),
    ("run --token hunter2 --db-password=hunter2 -u bob:hunter2 x", "run --token … --db-password=… -u … x"),
    ("token eyJhbGciOiJIUzI1NiJ9.hunter2hunter2.abc expired", "token … expired"),
    ("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\nx", "…\nx"),
    (
        "Mounting command: mount\nMounting arguments: -t cifs -o username=bob,hunter2 //s/x\nOutput: denied",
        "Mounting command: mount\nMounting arguments: …\nOutput: denied",
    ),
    (
        'Exec lifecycle hook ([/bin/sh -c curl -H hunter2]) for Container "app" failed - error: hunter2',
        "Exec lifecycle hook (sh) failed",
    ),
    (
        'exec: "/bin/sh -c curl -u bob:hunter2 x": stat /bin/sh -c curl -u bob:hunter2 x: no such file or directory',
        'exec: "/bin/sh …": no such file or directory',
    ),
]
PLAIN = [
    'secret "db" not found',
    'MountVolume.SetUp failed for volume "token" : secret "db" not found',
    'failed to fetch token: serviceaccounts "shop" not found',
    "references non-existent secret key: tls.crt",
    "couldn't find key password in Secret shops/db",
    'pq: password authentication failed for user "bob"',
    'Back-off pulling image "reg.example.com:5000/shop:2@sha256:0123"',
    "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: gpu}",
    'Get "http://10.0.0.7:8080/healthz": dial tcp 10.0.0.7:8080: connect: connection refused',
    "Liveness probe failed: HTTP probe failed with statuscode: 500",
]


@pytest.mark.parametrize(("message", "said"), TOLD, ids=[said for _, said in TOLD])
def test_a_secret_is_left_out(message: str, said: str) -> None:
    assert redact(message) == said


@pytest.mark.parametrize("message", [*PLAIN, *(said for _, said in TOLD)])
def test_what_holds_no_secret_stays_as_it_is(message: str) -> None:
    assert redact(message) == message


LEAKING = f"x: GET https://bob:{SECRET}@x.example/?k={SECRET}: password={SECRET}: " + "because " * 40
CONTAINER = {"name": "app", "restartCount": 3}
ENDED = {"terminated": {"exitCode": 1, "reason": "Error", "message": LEAKING, "finishedAt": "2026-11-21T10:00:00Z"}}


def waiting(reason: str) -> dict[str, Any]:
    return {"containerStatuses": [CONTAINER | {"state": {"waiting": {"reason": reason, "message": LEAKING}}}]}


def condition(kind: str, status: str, reason: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "reason": reason, "message": LEAKING}]}


@pytest.mark.parametrize(
    "status",
    [
        {"containerStatuses": [CONTAINER | {"state": ENDED}]},
        *map(waiting, ("ErrImagePull", "CreateContainerError", "PostStartHookError", "CreatePodSandboxError")),
        condition("PodScheduled", "False", "Unschedulable"),
        {"phase": "Failed", "reason": "Evicted", "message": LEAKING},
    ],
    ids=["termination", "image", "container", "hook", "sandbox", "scheduling", "eviction"],
)
def test_a_pod_s_status_tells_no_secret(status: dict[str, Any]) -> None:
    (event,) = pod_faults(decoded(pod(status)))
    assert event.details[details.MESSAGE]
    assert SECRET not in str(event)


def test_a_node_s_status_tells_no_secret() -> None:
    reported = node("Ready", "False")
    reported["status"]["conditions"][0]["message"] = LEAKING
    (event,) = node_faults(msgspec.json.decode(msgspec.json.encode(reported), type=Node))
    assert SECRET not in str(event)


@pytest.mark.parametrize(
    "reason", ["Failed", "FailedMount", "FailedPostStartHook", "FailedScheduling", "FailedCreate", "Unhealthy", "Odd"]
)
def test_a_warning_tells_no_secret(reason: str) -> None:
    (event,) = Watches(pod({})).see("events", warning(reason, LEAKING))
    assert SECRET not in str(event)


EXEC = {"spec": {"containers": [{"name": "app", "livenessProbe": {"exec": {"command": ["/bin/ask", SECRET]}}}]}}
REFUSED = 'Get "http://10.0.0.7:8080/ok": dial tcp 10.0.0.7:8080: connect: connection refused'


@pytest.mark.parametrize(
    ("probed", "answer", "told"),
    [
        (PROBED, f": {REFUSED}", f": {REFUSED}"),
        (PROBED, ": HTTP probe failed with statuscode: 503", ": HTTP probe failed with statuscode: 503"),
        (PROBED, f": Probe terminated redirects, Response body: {SECRET}", ": Probe terminated redirects"),
        (PROBED, f': connection with {SECRET}, or: Get "x"', ""),
        (EXEC, f": psql: refused {SECRET}", ""),
        (EXEC, f': Get "x" by {SECRET}', ""),
        (EXEC, f': command "/bin/ask {SECRET}" timed out', ": command timed out"),
        (EXEC, f': command timed out: "/bin/ask {SECRET}" timed out after 1s', ": command timed out"),
    ],
)
def test_of_a_probe_only_what_the_kubelet_says_is_told(probed: dict[str, Any], answer: str, told: str) -> None:
    (event,) = Watches(pod({}) | probed).see("events", warning("Unhealthy", f"Liveness probe failed{answer}"))
    assert event.details[details.MESSAGE] == f"Liveness probe failed{told}"
    assert SECRET not in str(event)
