"""No secret of a message reaches an event, wherever the platform tells it."""

from typing import Any

import msgspec
import pytest

from noctuary.models import details
from noctuary.sources.kubernetes.kinds.nodes import Node, node_faults
from noctuary.sources.kubernetes.kinds.pods import pod_faults
from tests.unit.sources.cases.events import warning
from tests.unit.sources.cases.nodes import node
from tests.unit.sources.cases.pods import decoded, pod
from tests.unit.sources.test_event_facts import PROBED, Watches

SECRET = "hunter2"
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
