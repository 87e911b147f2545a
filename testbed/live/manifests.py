"""The manifests of the workloads: a web server with probes, in every kind that runs pods."""

import json
from collections.abc import Iterable
from typing import Any

from testbed.live.images import image
from testbed.live.scenario import Manifest

PORT = 8080
OLDER = "1.3.0"
GOOD = "1.4.0"
NAME_LABEL = "app.kubernetes.io/name"


def probe(path: str, **changes: Any) -> Manifest:
    """Build an impatient HTTP probe."""
    return {"httpGet": {"path": path, "port": PORT}, "periodSeconds": 1, "failureThreshold": 2, **changes}


def container(tag: str = GOOD, /, name: str = "app", **changes: Any) -> Manifest:
    """Build the container of a version; `changes` replace its fields."""
    return {
        "name": name,
        "image": image(tag),
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": PORT}],
        "readinessProbe": probe("/ready"),
        "resources": {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}},
        **changes,
    }


def variables(**values: str) -> list[Manifest]:
    """Build an env list."""
    return [{"name": name, "value": value} for name, value in values.items()]


def pod_spec(*containers: Manifest, **changes: Any) -> Manifest:
    """Build the spec of pods that end at once when told to."""
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "containers": list(containers) or [container()],
        **changes,
    }


def labels(name: str) -> dict[str, str]:
    """Return the labels that a workload's pods carry."""
    return {NAME_LABEL: name}


def template(name: str, spec: Manifest) -> Manifest:
    """Build a pod template."""
    return {"metadata": {"labels": labels(name)}, "spec": spec}


def workload(kind: str, name: str, spec: Manifest, **changes: Any) -> Manifest:
    """Build a Deployment, StatefulSet or DaemonSet around a pod's spec; `changes` go into its own spec."""
    own: Manifest = {"selector": {"matchLabels": labels(name)}, "template": template(name, spec), **changes}
    if kind == "StatefulSet":
        own = {"serviceName": name, **own}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": labels(name)}, "spec": own}


def deployment(name: str, *containers: Manifest, replicas: int = 1, **changes: Any) -> Manifest:
    """Build a Deployment; `changes` go into the spec of its pods."""
    return workload("Deployment", name, pod_spec(*containers, **changes), replicas=replicas)


def recreated(name: str, *containers: Manifest, replicas: int = 1, **changes: Any) -> Manifest:
    """Build a Deployment whose old pods end before new ones start, so that a bad version takes the service down."""
    made = deployment(name, *containers, replicas=replicas, **changes)
    made["spec"]["strategy"] = {"type": "Recreate"}
    return made


def service(name: str, **changes: Any) -> Manifest:
    """Build the Service in front of a workload."""
    spec = {"selector": labels(name), "ports": [{"port": 80, "targetPort": PORT}], **changes}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def plain(kind: str, name: str, api: str = "v1", /, **fields: Any) -> Manifest:
    """Build any other object."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **fields}


def config_map(name: str, **data: str) -> Manifest:
    """Build a ConfigMap."""
    return plain("ConfigMap", name, data=data)


def quota(name: str, **hard: str) -> Manifest:
    """Build a ResourceQuota; dots in names are written as two underscores."""
    return plain("ResourceQuota", name, spec={"hard": {key.replace("__", "."): value for key, value in hard.items()}})


def predecessors(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return manifests as they were one version ago: what is old has a history that a command can go back to."""
    text = json.dumps([each for each in manifests if each["kind"] != "Pod"])
    older: list[Manifest] = json.loads(text.replace(image(GOOD), image(OLDER)))
    return older
