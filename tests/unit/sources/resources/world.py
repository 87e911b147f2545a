"""A namespace as it was read, laid out by manifests, and what the checks of specs find in it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from noctuary.common.clock import parse_time
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.service_index import ServiceIndex
from noctuary.sources.kubernetes.kinds.daemon_sets import DAEMON_SETS, view_daemon_set
from noctuary.sources.kubernetes.kinds.deployments import DEPLOYMENTS, view_deployment
from noctuary.sources.kubernetes.kinds.stateful_sets import STATEFUL_SETS, view_stateful_set
from noctuary.sources.kubernetes.live_namespace import ALL, Namespace, members_of
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.pods import LivePod
from noctuary.sources.kubernetes.specs.reading import KINDS, Specs
from noctuary.sources.kubernetes.specs.registry import view_specs
from noctuary.sources.kubernetes.specs.resources.kinds import VOLUME_KINDS
from tests.unit.sources.watched_case import Manifest

LONG_AGO, EARLIER, SOON = "2026-11-19T10:00:00Z", "2026-11-21T10:20:00Z", "2026-11-21T10:29:50Z"
NOW = parse_time("2026-11-21T10:30:00Z")
SHOP = ServiceView("shop", Relation.OWN, "shops", ["shops"])
_WORKLOADS: dict[str, tuple[Any, Any]] = {
    "deployments": (DEPLOYMENTS.kind, view_deployment),
    "statefulsets": (STATEFUL_SETS.kind, view_stateful_set),
    "daemonsets": (DAEMON_SETS.kind, view_daemon_set),
}
_SPECS = {kind.resource: kind for kind in KINDS}
VOLUMES = {kind.resource: kind for kind in VOLUME_KINDS}


def thing(resource: str, name: str, /, made: str = EARLIER, **parts: Any) -> Manifest:
    """Return an object of a resource; `labels`, `annotations` and the like go into its metadata."""
    own = {"name": name, "namespace": "shops", "uid": name, "creationTimestamp": made, "generation": 1}
    more = {
        key: parts.pop(key) for key in list(parts) if key not in ("spec", "status", "provisioner", "volumeBindingMode")
    }
    return {"resource": resource, "metadata": own | more, **parts}


def workload(resource: str = "deployments", *, container: Manifest | None = None, **parts: Any) -> Manifest:
    """Return a workload `shop` that wants three pods and has one, unless `spec` and `status` say otherwise."""
    template = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "app"} | (container or {})]}}
    spec = {"replicas": 3, "template": template} | parts.pop("spec", {})
    counts = {"replicas": 1, "readyReplicas": 1, "desiredNumberScheduled": 3, "currentNumberScheduled": 1}
    status = {"observedGeneration": 1} | counts | parts.pop("status", {})
    return thing(resource, "shop", spec=spec, status=status, **parts)


def pod(name: str = "shop-0", made: str = EARLIER, owner: str = "Deployment", **parts: Any) -> Manifest:
    """Return a pod of `shop` that is not ready."""
    owners = [{"kind": owner, "name": "shop", "uid": "shop", "controller": True}]
    labels = {"app": "shop"} | parts.pop("labels", {})
    return thing("pods", name, made, labels=labels, ownerReferences=owners, **parts)


def place(objects: Iterable[Manifest], unread: Iterable[str] = ()) -> Place:
    """Return a namespace of these objects; all kinds were read but those that are `unread`."""
    found = Namespace("shops", selectors={ALL})
    volumes: dict[str, list[Any]] = {name: [] for name in VOLUMES if name not in set(unread)}
    found.volumes = Specs("", volumes)
    lists: dict[str, list[Any]] = {name: [] for name in _SPECS if name not in set(unread)}
    for obj in objects:
        resource, raw = obj["resource"], msgspec.json.encode(obj)
        if resource == "pods":
            made = msgspec.json.decode(raw, type=LivePod)
            found.pods[made.metadata.uid] = made
        elif resource in VOLUMES:
            volumes[resource].append(msgspec.json.decode(raw, type=VOLUMES[resource].kind))
        elif resource in _WORKLOADS:
            kind, view = _WORKLOADS[resource]
            read = msgspec.json.decode(raw, type=kind)
            found.objects["shops", read.metadata.uid] = read
            found.workloads["shops", read.metadata.uid] = view(read)
        else:
            lists[resource].append(msgspec.json.decode(raw, type=_SPECS[resource].kind))
    services = ServiceIndex([SHOP])
    return Place(found, Specs("shops", lists), services, members_of(found, services), NOW)


def events_of(*objects: Manifest, unread: Iterable[str] = ()) -> list[ContextEvent]:
    """Return what the checks find."""
    return view_specs(place(objects, unread)).events


def reasons_of(*objects: Manifest, unread: Iterable[str] = ()) -> list[str]:
    """Return the code words of what the checks find."""
    return [event.details["reason"] for event in events_of(*objects, unread=unread)]
