"""Small recordings of one Deployment, as `kubectl get -o json` prints them."""

from typing import Any

Json = dict[str, Any]
DAY = "2026-11-20T"
INCIDENT: Json = {"service": "payments-api", "title": "Errors", "triggered_at": f"{DAY}14:04:05Z"}


def metadata(name: str, at: str = "08:00:00", **more: Any) -> Json:
    return {
        "name": name,
        "namespace": "payments",
        "uid": f"uid-{name}",
        "creationTimestamp": f"{DAY}{at}Z",
        "labels": {"app": "payments-api"},
        **more,
    }


def owned_by(kind: str, name: str) -> Json:
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}
    return {"ownerReferences": [owner]}


def revision(number: int) -> Json:
    return {"annotations": {"deployment.kubernetes.io/revision": str(number)}}


def template(tag: str, hash_: str = "") -> Json:
    labels = {"app": "payments-api"} | ({"pod-template-hash": hash_} if hash_ else {})
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": f"shop/payments:{tag}"}]}}


def deployment(tag: str = "2.4.1", number: int = 2) -> Json:
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "payments-api"}}, "template": template(tag)}
    status = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1}
    found = metadata("payments-api", generation=1, **revision(number))
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": found, "spec": spec, "status": status}


def replica_set(tag: str, hash_: str, number: int, at: str) -> Json:
    owner = owned_by("Deployment", "payments-api")
    found = metadata(f"payments-api-{hash_}", at, **revision(number), **owner)
    found["labels"] = {"app": "payments-api", "pod-template-hash": hash_}
    spec = {"replicas": 1, "template": template(tag, hash_)}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": found, "spec": spec}


def crashing_pod(hash_: str, at: str) -> Json:
    found = metadata(f"payments-api-{hash_}-x", at, **owned_by("ReplicaSet", f"payments-api-{hash_}"))
    found["labels"] = {"app": "payments-api", "pod-template-hash": hash_}
    ended = {"exitCode": 1, "reason": "Error", "startedAt": f"{DAY}14:03:00Z", "finishedAt": f"{DAY}14:03:10Z"}
    container = {
        "name": "app",
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": ended},
    }
    ready = {"type": "Ready", "status": "False", "lastTransitionTime": f"{DAY}14:02:13Z"}
    status = {"phase": "Running", "conditions": [ready], "containerStatuses": [container]}
    spec = {"nodeName": "node-1", "containers": [{"name": "app", "image": "shop/payments:2.4.1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": found, "spec": spec, "status": status}


def starting_pod(hash_: str) -> Json:
    pod = crashing_pod(hash_, "14:02:12")
    container = {
        "name": "app",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "ContainerCreating"}},
    }
    pod["status"] |= {"phase": "Pending", "containerStatuses": [container]}
    return pod


def warning(reason: str, message: str, at: str) -> Json:
    about = {"kind": "Pod", "namespace": "payments", "name": "payments-api-bbb-x", "uid": "uid-payments-api-bbb-x"}
    told = {"reason": reason, "message": message, "type": "Warning", "count": 3}
    times = {"firstTimestamp": f"{DAY}14:02:14Z", "lastTimestamp": f"{DAY}{at}Z"}
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata("e1"), "involvedObject": about, **told, **times}


def bad_release() -> list[Json]:
    return [
        deployment(),
        replica_set("2.4.0", "aaa", 1, "08:00:00"),
        replica_set("2.4.1", "bbb", 2, "14:02:11"),
        crashing_pod("bbb", "14:02:12"),
    ]


def listed(objects: list[Json]) -> Json:
    return {"apiVersion": "v1", "kind": "List", "items": objects}
