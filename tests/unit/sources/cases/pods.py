"""Pods: each state of a container, and what happens to a pod as a whole."""

from typing import Any, TypeVar, overload

import msgspec

from noctuary.common.clock import parse_time
from noctuary.models import details
from noctuary.sources.kubernetes.kinds.pods import Pod
from tests.unit.sources.watched_case import AT, Case, Manifest, manifest

OWNER = {"kind": "ReplicaSet", "name": "shop-5f7", "uid": "rs", "controller": True}
LABELS = {"pod-template-hash": "5f7"}
LIMITS = {"limits": {"memory": "64Mi", "cpu": 1}}
SPEC = {"nodeName": "node-1", "containers": [{"name": "app", "image": "shop:2", "resources": LIMITS}]}
EARLIER = "2026-11-21T09:50:00Z"


def pod(status: Manifest, **metadata: object) -> Manifest:
    """Return a pod of Deployment shop."""
    own = {"uid": "pod-1", "labels": LABELS, "ownerReferences": [OWNER]} | metadata
    return manifest("shop-5f7-x", **own) | {"spec": SPEC, "status": status}


P = TypeVar("P", bound=Pod)


@overload
def decoded(raw: Manifest) -> Pod: ...
@overload
def decoded(raw: Manifest, kind: type[P]) -> P: ...
def decoded(raw: Manifest, kind: type[Pod] = Pod) -> Pod:
    """Return a pod as a watch decodes it, or as the live view does."""
    return msgspec.json.decode(msgspec.json.encode(raw), type=kind)


def running(state: Manifest, last: Manifest | None = None, **more: object) -> Manifest:
    """Return a status with one container in this state."""
    container = {"name": "app", "image": "sha256:1", "state": state, "lastState": last or {}, "restartCount": 4}
    return {"containerStatuses": [container], **more}


def ended(exit_code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    """Return the state of a container that ended."""
    return {"terminated": {"exitCode": exit_code, "reason": reason, "message": message, "finishedAt": AT}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Return the state of a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


def faults(*reasons: str) -> list[dict[str, object]]:
    """Return events of which only the code word counts."""
    return [{"new_value": reason} for reason in reasons]


def unscheduled(message: str) -> Manifest:
    """Return the status of a pod that no node takes."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": AT}
    return {"conditions": [condition | {"message": message}]}


UNREADY: Manifest = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": EARLIER}]}
BOUND: Manifest = {"conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}]}
EVICTED = {"phase": "Failed", "reason": "Evicted", "startTime": EARLIER}
NOTHING: list[dict[str, object]] = []

CASES = [
    Case("running", pod(running({"running": {}})), NOTHING),
    Case("ran before, ended well", pod(running({"running": {}}, ended(0, "Completed"))), NOTHING),
    Case(
        "killed for its memory, runs again",
        pod(running({"running": {}}, ended(137, "OOMKilled"))),
        [
            {
                "new_value": "OOMKilled",
                "old_value": "limit=64Mi",
                "event_type": "restart",
                "timestamp": parse_time(AT),
                f"details.{details.MEMORY_LIMIT}": "64Mi",
                f"details.{details.EXIT_CODE}": "137",
                f"details.{details.RESTARTS}": "4",
            }
        ],
    ),
    Case(
        "exited",
        pod(running(ended(2))),
        [
            {
                "new_value": "Error",
                "old_value": "exit_code=2",
                "dedup_key": "pod-1/app/crash/Error",
                "count": 4,
                "service_name": "shop",
                "entity": "shop-5f7-x",
                "tenant": "shops",
                f"details.{details.CONTAINER}": "app",
                f"details.{details.IMAGE}": "shop:2",
                f"details.{details.TEMPLATE_HASH}": "5f7",
                f"details.{details.NODE}": "node-1",
            }
        ],
    ),
    Case("crash loop", pod(running(waiting("CrashLoopBackOff"), ended(1))), faults("CrashLoopBackOff")),
    Case(
        "crash loop for its memory",
        pod(running(waiting("CrashLoopBackOff"), ended(137, "OOMKilled"))),
        faults("OOMKilled", "CrashLoopBackOff"),
    ),
    Case(
        "a crash loop began when its pod turned unready",
        pod(running(waiting("CrashLoopBackOff"), ended(1), **UNREADY)),
        [{"timestamp": parse_time(EARLIER), "last_seen": parse_time(AT), "dedup_key": "pod-1/app/crash"}],
    ),
    Case(
        "an image that fails to pull",
        pod(running(waiting("ErrImagePull", "no\nsuch image"))),
        [{"new_value": "ErrImagePull", "dedup_key": "pod-1/app/image", f"details.{details.MESSAGE}": "no such image"}],
    ),
    Case(
        "the same image, backing off, has the same key",
        pod(running(waiting("ImagePullBackOff"))),
        [{"new_value": "ImagePullBackOff", "dedup_key": "pod-1/app/image"}],
    ),
    Case("an image that is never pulled", pod(running(waiting("ErrImageNeverPull"))), faults("ErrImageNeverPull")),
    Case("an image name that is none", pod(running(waiting("InvalidImageName"))), faults("InvalidImageName")),
    Case(
        "what waits is dated from when its pod was bound",
        pod(running(waiting("ImagePullBackOff"), **BOUND)),
        [{"timestamp": parse_time(EARLIER), "event_type": "dependency_failure"}],
    ),
    Case(
        "a Secret is missing",
        pod(running(waiting("CreateContainerConfigError", 'secret "db" not found'))),
        [
            {
                "new_value": "CreateContainerConfigError",
                "dedup_key": "pod-1/app/configuration",
                f"details.{details.MISSING_KIND}": "Secret",
                f"details.{details.MISSING_NAME}": "db",
            }
        ],
    ),
    Case("cannot be created", pod(running(waiting("CreateContainerError"))), faults("CreateContainerError")),
    Case("cannot be run", pod(running(waiting("RunContainerError"))), faults("RunContainerError")),
    Case(
        "failed to start",
        pod(running(ended(128, "StartError", "no such file"))),
        [{"new_value": "StartError", "dedup_key": "pod-1/app/start", f"details.{details.MESSAGE}": "no such file"}],
    ),
    Case("is being created", pod(running(waiting("ContainerCreating"))), NOTHING),
    Case(
        "an init container is as any other",
        pod({"initContainerStatuses": running(waiting("CrashLoopBackOff"), ended(1))["containerStatuses"]}),
        [{"new_value": "CrashLoopBackOff", f"details.{details.CONTAINER}": "app"}],
    ),
    Case(
        "a pod that is being deleted ends by signals without fault",
        pod(running(ended(143)), deletionTimestamp=AT),
        NOTHING,
    ),
    Case(
        "no node has the memory",
        pod(unscheduled("0/3 nodes are available: 3 Insufficient memory.")),
        [{"new_value": "FailedScheduling", "old_value": "insufficient_memory", "event_type": "saturation"}],
    ),
    Case(
        "evicted for the node's memory",
        pod(EVICTED | {"message": "The node was low on resource: memory."}),
        [{"new_value": "Evicted", "old_value": "memory_pressure", "event_type": "restart"}],
    ),
    Case("the last state of a deleted pod", pod(running(ended(1))), faults("Error"), change="DELETED"),
    Case(
        "the same state seen again makes no event",
        pod(running(ended(1))),
        NOTHING,
        listed={"pods": [pod(running(ended(1)))]},
    ),
]
