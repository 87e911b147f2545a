"""The cluster of the current kubeconfig, which is somebody's own: asked for before, and left as it was."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from testbed.localkube import Cluster, LocalKubeError, borrowed_cluster
from testbed.stage.release import CRDS

CRD = "pagerdutyintegrations.noctuary.io"
PULLED_IMAGE = "registry.k8s.io/pause:3.10"
"""Where no node holds an image of that kind: small, and it runs until it is told to end."""
WITHOUT = "leave CLUSTER away to run on embedded parts"
YES = "yes"
ENDING_S = 110.0
"""Pods are given 30 s to end, and are removed after that; within what kubectl is waited for."""


def kubeconfig_in_use(environment: Mapping[str, str]) -> str:
    """Return what kubectl would read; raise LocalKubeError where there is none, or no kubectl."""
    if shutil.which("kubectl") is None:
        raise LocalKubeError(f"kubectl is not on the PATH: install it, or {WITHOUT}")
    default = Path.home() / ".kube" / "config"
    named = environment.get("KUBECONFIG") or str(default)
    if named == str(default) and not default.is_file():
        raise LocalKubeError(f"KUBECONFIG is not set and {default} is not there: name the kubeconfig of your cluster")
    return named


@contextlib.contextmanager
def current_cluster(agree: Callable[[str], str], environment: Mapping[str, str] = os.environ) -> Iterator[Cluster]:
    """Yield the cluster with our CRD once its owner agreed, and take the CRD out of it at the end.

    Raises LocalKubeError where it cannot be used, or may not.
    """
    with borrowed_cluster(kubeconfig_in_use(environment), WITHOUT) as cluster:
        if cluster.kubectl("get", "crd", CRD, "--ignore-not-found"):
            raise LocalKubeError(
                "the cluster serves PagerDutyIntegrations already: a release may run there, and its operator would take"
                " this run's resources for its own; use a cluster without one, or remove the CRD"
            )
        if agree(_question(cluster)).strip().lower() != YES:
            raise LocalKubeError("nothing was done: the answer was not yes")
        try:
            cluster.install_crds(*CRDS)
            yield cluster
        finally:
            cluster.kubectl("delete", "crd", CRD, "--ignore-not-found")


def _question(cluster: Cluster) -> str:
    context = cluster.kubectl("config", "current-context").strip()
    return (
        f"This works in the cluster of the context {context}, {cluster.server}: it makes three namespaces, Roles, "
        "ClusterRoles, an admission policy and the CRD,\nruns pods of a pause image, and removes all of it at the end. "
        "Operator, receiver and a simulated PagerDuty run on this machine.\n"
        "Type yes to go on: "
    )


def wait_gone(cluster: Cluster, namespaces: Collection[str]) -> None:
    """Wait until namespaces that are being deleted are gone: their pods end first."""
    named = [f"namespace/{each}" for each in namespaces]
    cluster.kubectl("wait", "--for=delete", f"--timeout={ENDING_S:.0f}s", *named)


def image_of_nodes(cluster: Cluster) -> str:
    """Return an image that runs without being pulled: one that all nodes hold, since they need it themselves."""
    nodes: list[dict[str, Any]] = json.loads(cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    held = [
        {name for image in node["status"].get("images", []) for name in image.get("names") or [] if "@" not in name}
        for node in nodes
    ]
    everywhere = set.intersection(*held) if held else set[str]()
    return min((name for name in everywhere if "/pause:" in name), default=PULLED_IMAGE)
