"""A namespace for checks of specs, made of manifests as the API server shows them, by the live view's decoders."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.kinds.daemon_sets import DaemonSet, view_daemon_set
from noctuary.sources.kubernetes.kinds.deployments import Deployment, view_deployment
from noctuary.sources.kubernetes.kinds.replica_sets import ReplicaSet, view_replica_set
from noctuary.sources.kubernetes.kinds.stateful_sets import StatefulSet, view_stateful_set
from noctuary.sources.kubernetes.live_namespace import ALL, Namespace, members_of
from noctuary.sources.kubernetes.specs.kinds import CLUSTER_KINDS, SPEC_KINDS, SpecKind
from noctuary.sources.kubernetes.specs.place import Check, Place
from noctuary.sources.kubernetes.specs.pods import LivePod
from noctuary.sources.kubernetes.specs.reading import Specs

NOW = 1_800_000_000.0
HERE = "shop"
AGE_S = 600.0
"""Of pods, which are ready or unready since they were made."""
Manifest = dict[str, Any]
_VIEWS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "Deployment": (Deployment, view_deployment),
    "StatefulSet": (StatefulSet, view_stateful_set),
    "DaemonSet": (DaemonSet, view_daemon_set),
}


def ago(seconds: float) -> str:
    """Return a time so long before now, as the API writes it."""
    return datetime.fromtimestamp(NOW - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def made(kind: str, name: str, spec: Manifest, *, before_s: float = 86400, **metadata: object) -> Manifest:
    """Return an object that was made so long ago."""
    known = {"name": name, "namespace": HERE, "uid": f"{kind}.{name}", "creationTimestamp": ago(before_s)}
    return {"kind": kind, "metadata": known | metadata, "spec": spec}


def written(field: str, before_s: float, manager: str = "kubectl-edit") -> Manifest:
    """Return the metadata of an object of which somebody last wrote a field so long ago."""
    entry = {"manager": manager, "time": ago(before_s), "fieldsV1": {"f:spec": {f"f:{field}": {}}}}
    return {"managedFields": [entry]}


def service(
    name: str, selector: dict[str, str] | None, *ports: Manifest, before_s: float = 86400, **more: Any
) -> Manifest:
    """Return a Service; `meta` of the rest is its metadata, all else its spec."""
    meta = more.pop("meta", {})
    spec = {"ports": list(ports), **({"selector": selector} if selector else {}), **more}
    return made("Service", name, spec, before_s=before_s, **meta)


def container(*ports: Manifest, name: str = "app", **more: Any) -> Manifest:
    """Return a container that declares ports."""
    return {"name": name, "image": "shop:1", "ports": list(ports), **more}


def deployment(
    name: str, labels: dict[str, str], *containers: Manifest, replicas: int = 1, **spec: Any
) -> list[Manifest]:
    """Return a Deployment and its only ReplicaSet, a day old."""
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers) or [container()], **spec}}
    number: dict[str, Any] = {"annotations": {"deployment.kubernetes.io/revision": "1"}}
    own = made("Deployment", name, {"replicas": replicas, "template": template}, **number)
    return [own, replica_set(name, 1, template)]


def rolled_out(objects: Sequence[Manifest], before_s: float, **changed: Any) -> list[Manifest]:
    """Return a Deployment with another template since so long ago: `labels`, or fields of its pods."""
    own, *held = objects
    old = own["spec"]["template"]
    labels = changed.pop("labels", old["metadata"]["labels"])
    template = {"metadata": {"labels": labels}, "spec": old["spec"] | changed}
    number = len(held) + 1
    meta = own["metadata"] | {"annotations": {"deployment.kubernetes.io/revision": str(number)}}
    new = own | {"metadata": meta, "spec": own["spec"] | {"template": template}}
    return [new, *held, replica_set(meta["name"], number, template, before_s)]


def replica_set(owner: str, number: int, template: Manifest, before_s: float = 86400) -> Manifest:
    """Return a revision of a Deployment."""
    by = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": owner,
        "uid": f"Deployment.{owner}",
        "controller": True,
    }
    meta: dict[str, Any] = {
        "annotations": {"deployment.kubernetes.io/revision": str(number)},
        "labels": {"pod-template-hash": f"h{number}"},
        "ownerReferences": [by],
    }
    return made("ReplicaSet", f"{owner}-h{number}", {"template": template}, before_s=before_s, **meta)


def pods(
    objects: Sequence[Manifest], count: int = 1, *, ready: bool = True, of: int = -1, **status: Any
) -> list[Manifest]:
    """Return pods of one revision of a Deployment, the newest by default."""
    held = objects[1:][of]
    by = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "uid": held["metadata"]["uid"], "controller": True}
    template, name = held["spec"]["template"], held["metadata"]["name"]
    labels = template["metadata"]["labels"] | held["metadata"]["labels"]
    state = {"type": "Ready", "status": str(ready), "lastTransitionTime": ago(AGE_S)}
    return [
        made(
            "Pod", f"{name}-{n}", template["spec"], before_s=AGE_S, labels=labels, ownerReferences=[by | {"name": name}]
        )
        | {"status": {"phase": "Running", "conditions": [state], **status}}
        for n in range(count)
    ]


def endpoints(name: str, *ready: bool) -> Manifest:
    """Return the EndpointSlice of a Service, with an endpoint for each of these."""
    found = [{"addresses": ["10.0.0.1"], "conditions": {"ready": each}} for each in ready]
    meta: dict[str, Any] = {"labels": {"kubernetes.io/service-name": name}}
    return made("EndpointSlice", f"{name}-x", {}, **meta) | {"endpoints": found or None}


def place(
    objects: Iterable[Manifest],
    *services: str,
    unread: Iterable[str] = (),
    selectors: Iterable[str] = (ALL,),
    others: Iterable[Namespace] = (),
    name: str = HERE,
) -> Place:
    """Return a namespace of these objects; services with a `=` are mapped by that label, else by name.

    `unread` are resources that the API server refused; `selectors` those by which pods were read.
    """
    namespace = namespace_of(objects, unread, selectors, name)
    index = ServiceIndex(_service(each, name) for each in services or ("pay",))
    members = members_of(namespace, index)
    known = {each.name: each for each in [*others, namespace]}
    cluster = Specs("", _lists(objects, CLUSTER_KINDS, set(unread)))
    return Place(namespace, namespace.specs, index, members, NOW, cluster, known)


def namespace_of(
    objects: Iterable[Manifest], unread: Iterable[str] = (), selectors: Iterable[str] = (ALL,), name: str = HERE
) -> Namespace:
    """Return what is read of a namespace of these objects."""
    found = Namespace(name, selectors=set(selectors))
    for each in objects:
        if each["kind"] in _VIEWS:
            kind, view = _VIEWS[each["kind"]]
            workload = _decoded(each, kind)
            found.workloads[name, workload.metadata.uid] = view(workload)
            found.templates[name, workload.metadata.uid] = workload.spec.template
        elif each["kind"] == "ReplicaSet" and (owned := view_replica_set(_decoded(each, ReplicaSet))) is not None:
            found.holders.keep("ReplicaSet", owned)
        elif each["kind"] == "Pod":
            found.pods[each["metadata"]["uid"]] = _decoded(each, LivePod)
    found.specs = Specs(name, _lists(objects, SPEC_KINDS, set(unread)), refused=set(unread))
    return found


def found_by(check: Check, where: Place) -> list[tuple[str, dict[str, str]]]:
    """Return what a check finds: `Kind/name service`, and its details."""
    return [(_told(event), event.details) for event in check(where)]


def age_of(event: ContextEvent) -> float:
    """Return how long something stands so."""
    return NOW - event.timestamp


def _told(event: ContextEvent) -> str:
    ref = event.object
    return f"{ref.kind}/{ref.name} {event.service_name}" if ref is not None else event.service_name


def _service(text: str, namespace: str) -> ServiceView:
    name, _, labels = text.partition(" ")
    wanted = dict(pair.split("=") for pair in labels.split(",") if pair)
    return ServiceView(name, Relation.OWN, namespace, [namespace], match_labels=wanted)


def _lists(objects: Iterable[Manifest], kinds: Iterable[SpecKind[Any]], unread: set[str]) -> dict[str, list[Any]]:
    objects = list(objects)
    return {
        kind.resource: [_decoded(each, kind.kind) for each in objects if each["kind"] == kind.kind.__name__]
        for kind in kinds
        if kind.resource not in unread
    }


def _decoded(obj: Manifest, kind: type[Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(obj), type=kind)
