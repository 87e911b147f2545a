"""Raw objects of the API server, as its watches and lists show them; times are seconds after the alert of a scene.

Loaded by older releases, too.
"""

import hashlib
import json
from typing import Any

from noctuary.common.clock import format_time
from testbed.before_after.world import ONSET, REGISTRY

Json = dict[str, Any]
NAMESPACE = "shop"
DAY = 86_400.0
FIRST = -6 * DAY
"""When the version before was rolled out."""
REVISION = "deployment.kubernetes.io/revision"
RUNNING: Json = {"running": {"startedAt": format_time(ONSET + FIRST)}}


def when(at: float) -> str:
    """Return a time as the API server writes it."""
    return format_time(ONSET + at)


def meta(name: str, at: float, owner: Json | None = None, **more: Any) -> Json:
    """Return the metadata of an object that was made at a time."""
    made = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "creationTimestamp": when(at), **more}
    if owner is not None:
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True}
        made["ownerReferences"] = [reference | {key: owner["metadata"][key] for key in ("name", "uid")}]
    return made


def owner(kind: str, name: str, api: str = "apps/v1", image: str = "app:1") -> Json:
    """Return what owns pods or ReplicaSets and is read by nobody: a Job, a node, a kind that nobody knows."""
    return {"apiVersion": api, "kind": kind, "metadata": meta(name, FIRST), "spec": {"template": template(image, {})}}


def template(image: str, labels: dict[str, str], **container: Any) -> Json:
    """Return a pod template with one container, called `main`."""
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image, **container}]}}


def replica_set(of: Json, made: Json, number: int, at: float, **annotations: str) -> Json:
    """Return the ReplicaSet of one template; an owner that is no Deployment counts its revisions elsewhere."""
    hash_ = hash_of(made)
    mark = "pod-template-hash" if of["kind"] == "Deployment" else "rollouts-pod-template-hash"
    labels = made["metadata"]["labels"] | {mark: hash_}
    told = {REVISION if of["kind"] == "Deployment" else "rollout.argoproj.io/revision": str(number), **annotations}
    metadata = meta(f"{of['metadata']['name']}-{hash_}", at, of, labels=labels, annotations=told)
    spec = {"replicas": 3, "template": made | {"metadata": {"labels": labels}}}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}


def hash_of(made: Json) -> str:
    """Return what tells a template from others."""
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:10]


def deployment(name: str, made: Json, number: int, written_at: float, replicas: int = 3) -> Json:
    """Return a Deployment whose template was written at a time, as its managed fields tell it."""
    return _workload("Deployment", name, made, number, written_at, {"replicas": replicas}, {})


def release(
    tag: str, number: int, at: float, *, name: str = "web", labels: Json | None = None, made_at: Any = None, **more: Any
) -> list[Json]:
    """Return the ReplicaSet and the Deployment of a version; `made_at`: its ReplicaSet is of an earlier rollout."""
    replicas, written_at = more.pop("replicas", 3), more.pop("written_at", at)
    made = template(f"{REGISTRY}/{name}:{tag}", labels or {"app": name}, **more)
    workload = deployment(name, made, number, written_at, replicas)
    again = {} if made_at is None else {f"{REVISION}-history": "1"}
    return [replica_set(workload, made, number, at if made_at is None else made_at, **again), workload]


def stateful_set(name: str, made: Json, number: int, at: float, updated: int, **spec: Any) -> list[Json]:
    """Return the ControllerRevision and the StatefulSet of a template that so many of its three pods run."""
    revision, first = f"{name}-{hash_of(made)}", spec.pop("before", f"{name}-{hash_of(made)}")
    status: Json = {"replicas": 3, "readyReplicas": 3, "updatedReplicas": updated}
    status |= {"currentRevision": first, "updateRevision": revision}
    workload = _workload("StatefulSet", name, made, number, at, {"replicas": 3, **spec}, status)
    data = {"spec": {"template": made | {"$patch": "replace"}}}
    labels = made["metadata"]["labels"] | {"controller.kubernetes.io/hash": hash_of(made)}
    held = {"metadata": meta(revision, at, workload, labels=labels), "revision": number, "data": data}
    return [{"apiVersion": "apps/v1", "kind": "ControllerRevision", **held}, workload]


def pod(of: Json, suffix: str, at: float = FIRST, *, ready: bool = True, since: Any = None, **more: Any) -> Json:
    """Return a pod of an owner; `since`: when it became ready or unready, `container`: what is told of it."""
    made, name = of["spec"]["template"], more.pop("name", f"{of['metadata']['name']}-{suffix}")
    labels = dict(made["metadata"]["labels"])
    if of["kind"] == "StatefulSet":
        labels["controller-revision-hash"] = more.pop("revision")
    told = {"name": "main", "image": made["spec"]["containers"][0]["image"], "ready": ready, "restartCount": 0}
    told |= {"state": RUNNING, "lastState": {}} | more.pop("container", {})
    turned = when(at if since is None else since)
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": when(at)},
        {"type": "Ready", "status": str(ready), "lastTransitionTime": turned},
    ]
    status = {"phase": "Running", "startTime": when(at), "conditions": conditions, "containerStatuses": [told]}
    spec = made["spec"] | {"nodeName": more.pop("node", "node-1")} | more.pop("spec", {})
    metadata = meta(name, at, of, labels=labels)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status | more}


def crashing(restarts: int, ended: float, code: int = 1, reason: str = "Error", **told: Any) -> Json:
    """Return what is told of a container that ended with a code and waits to be started again."""
    end = {"exitCode": code, "reason": reason, "startedAt": when(ended - 3), "finishedAt": when(ended)}
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
    return {"state": waits, "lastState": {"terminated": end}, "restartCount": restarts, **told}


def warning(of: Json, reason: str, message: str, first: float, last: float, path: str = "") -> Json:
    """Return the Event of a Warning about an object."""
    about = {key: of["metadata"][key] for key in ("namespace", "name", "uid")}
    seen = {"firstTimestamp": when(first), "lastTimestamp": when(last), "count": 3, "type": "Warning"}
    told = {"involvedObject": {"kind": of["kind"], "apiVersion": "v1", "fieldPath": path, **about}, **seen}
    metadata = meta(f"{about['name']}.{hash_of({'of': reason + message})}", first)
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "reason": reason, "message": message, **told}


def _workload(kind: str, name: str, made: Json, number: int, at: float, spec: Json, status: Json) -> Json:
    fields: Json = {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}
    written = {"manager": "kubectl", "operation": "Update", "time": when(at), "fieldsV1": fields}
    more = {"labels": made["metadata"]["labels"], "annotations": {REVISION: str(number)}, "generation": number}
    selector = {"matchLabels": made["metadata"]["labels"]}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": meta(name, FIRST, managedFields=[written], **more),
        "spec": {"selector": selector, "template": made, **spec},
        "status": {"observedGeneration": number, **status},
    }
