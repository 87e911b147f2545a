"""The identities of operator and receiver, with exactly the rights and the admission policy that the chart ships."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.localkube.cluster import Cluster

_CHART_FILES = Path(__file__).resolve().parents[2] / "charts" / "noctuary" / "files"
RBAC_DIRECTORY = _CHART_FILES / "rbac"
ADMISSION_POLICY = _CHART_FILES / "admission" / "operator-secrets.yaml"
OPERATOR = "noctuary-operator"
RECEIVER = "noctuary-receiver"
_PLACEHOLDER = "__NAMESPACE__"
_WATCHED = "__WATCHED__"
_FOR_ALL = "*-clusterrole.yaml"
_FOR_EACH = "*-watchedrole.yaml"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Identities:
    """One kubeconfig for each of our processes."""

    operator: Path
    receiver: Path


def grant(
    cluster: Cluster,
    namespace: str,
    *,
    watched: Sequence[str] = (),
    token_file: bool = False,
    directory: Path = RBAC_DIRECTORY,
) -> Identities:
    """Install the shipped Roles for a release namespace and write the kubeconfigs of both ServiceAccounts.

    With `watched` nothing is granted cluster-wide: each of these namespaces gets Roles of its own. An earlier release's
    Roles come from another directory, and without an admission policy.
    """
    manifests = shipped_manifests(namespace, directory, watched=watched)
    if directory == RBAC_DIRECTORY and serves_admission_policies(cluster):
        manifests += admission_policy(namespace)
    cluster.kubectl("apply", "--server-side", "--filename=-", input=_as_list(manifests))
    return Identities(
        operator=cluster.identity_kubeconfig(namespace, OPERATOR, token_file=token_file),
        receiver=cluster.identity_kubeconfig(namespace, RECEIVER, token_file=token_file),
    )


def revoke(cluster: Cluster, namespace: str) -> None:
    """Remove what `grant` installed outside the namespace and would outlive it."""
    lasting = [each for each in shipped_manifests(namespace) if _is_cluster_wide(each)]
    if serves_admission_policies(cluster):
        lasting += admission_policy(namespace)
    cluster.kubectl("delete", "--ignore-not-found", "--filename=-", input=_as_list(lasting))


def serves_admission_policies(cluster: Cluster) -> bool:
    """Whether the API server knows ValidatingAdmissionPolicies: a borrowed one may be older than 1.30."""
    return '"validatingadmissionpolicies"' in cluster.kubectl("get", "--raw=/apis/admissionregistration.k8s.io/v1")


def admission_policy(namespace: str) -> list[Manifest]:
    """The chart's admission policy for the operator of one namespace, and its binding."""
    text = ADMISSION_POLICY.read_text(encoding="utf-8").replace(_PLACEHOLDER, namespace)
    manifests = [each for each in yaml.safe_load_all(text) if each]
    for each in manifests:
        each["metadata"]["name"] = _unique(each["metadata"]["name"], namespace)
        if "policyName" in each["spec"]:
            each["spec"]["policyName"] = _unique(each["spec"]["policyName"], namespace)
    return manifests


def shipped_manifests(
    namespace: str, directory: Path = RBAC_DIRECTORY, *, watched: Sequence[str] = ()
) -> list[Manifest]:
    """The chart's RBAC manifests for one namespace; cluster-wide ones get names of their own, so that two
    namespaces of one cluster do not overwrite each other's bindings.
    """
    manifests = list(_read(namespace, directory, watched))
    renamed = {
        each["metadata"]["name"]: _unique(each["metadata"]["name"], namespace)
        for each in manifests
        if _is_cluster_wide(each)
    }
    for each in manifests:
        if _is_cluster_wide(each):
            each["metadata"]["name"] = renamed[each["metadata"]["name"]]
        role = each.get("roleRef", {})
        if role.get("kind") == "ClusterRole":
            role["name"] = renamed.get(role["name"], role["name"])
    return manifests


def _read(namespace: str, directory: Path, watched: Sequence[str]) -> Iterator[Manifest]:
    for path in sorted(directory.glob("*.yaml")):
        if watched and path.match(_FOR_ALL):
            continue
        text = path.read_text(encoding="utf-8").replace(_PLACEHOLDER, namespace)
        for each in watched if path.match(_FOR_EACH) else [namespace]:
            yield from filter(None, yaml.safe_load_all(text.replace(_WATCHED, each)))


def _unique(name: str, namespace: str) -> str:
    return name if namespace in name else f"{name}-{namespace}"


def _is_cluster_wide(manifest: Manifest) -> bool:
    return str(manifest["kind"]).startswith("Cluster")


def _as_list(manifests: list[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
