"""What a RoleBinding to one of Kubernetes' own roles lets a person do with integrations, as the chart ships it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.localkube import Cluster, Identities, LocalKubeError
from testbed.localkube.identities import RBAC_DIRECTORY
from testbed.polling import eventually

Granted = Callable[..., Identities]
AGGREGATED = ("view", "edit", "admin")
INTEGRATION = json.dumps(
    {
        "apiVersion": "noctuary.io/v1alpha1",
        "kind": "PagerDutyIntegration",
        "metadata": {"name": "payments"},
        "spec": {"direction": "outbound", "apiTokenSecretRef": {"name": "pagerduty-api", "key": "token"}},
    }
)


class Person:
    """Somebody with a RoleBinding to a role of Kubernetes' own in one namespace, and nothing else."""

    def __init__(self, cluster: Cluster, namespace: str, role: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self.name = f"{role}-of-{namespace}"
        binding = ["create", "rolebinding", self.name, f"--clusterrole={role}", f"--user={self.name}"]
        cluster.kubectl("-n", namespace, *binding)
        # The controller manager adds what is aggregated a moment after the ClusterRoles came.
        verb = "get" if role == "view" else "delete"
        eventually(f"{role} may {verb} integrations", lambda: self.may(verb, "pagerdutyintegrations"), bool)

    def kubectl(self, *arguments: str, **more: Any) -> str:
        return self._cluster.kubectl("-n", self._namespace, f"--as={self.name}", *arguments, **more)

    def may(self, verb: str, resource: str, *more: str) -> bool:
        try:
            return self.kubectl("auth", "can-i", verb, resource, *more).strip() == "yes"
        except LocalKubeError:  # `no` is exit code 1
            return False


@pytest.mark.parametrize("role", ["edit", "admin"])
def test_whoever_edits_a_namespace_creates_reads_changes_and_deletes_an_integration(
    cluster: Cluster, namespace: str, granted: Granted, role: str
) -> None:
    granted(namespace)
    person = Person(cluster, namespace, role)
    person.kubectl("create", "-f", "-", input=INTEGRATION)
    person.kubectl("patch", "pdi", "payments", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    assert person.kubectl("get", "pdi", "payments", "-o", "jsonpath={.spec.suspend}") == "true"
    person.kubectl("delete", "pdi", "payments")
    assert cluster.kubectl("-n", namespace, "get", "pdi", "-o", "name") == ""


@pytest.mark.parametrize(
    "refused",
    [
        ["create", "-f", "-"],
        ["patch", "pdi", "payments", "--type=merge", "-p", '{"spec": {"suspend": true}}'],
        ["delete", "pdi", "payments"],
        ["get", "secrets"],
    ],
    ids=lambda arguments: arguments[0] + ("" if arguments[0] != "get" else " secrets"),
)
def test_whoever_views_a_namespace_only_reads_integrations(
    cluster: Cluster, namespace: str, granted: Granted, refused: list[str]
) -> None:
    granted(namespace)
    cluster.kubectl("-n", namespace, "create", "-f", "-", input=INTEGRATION)
    person = Person(cluster, namespace, "view")
    assert person.kubectl("get", "pdi", "-o", "name").strip() == "pagerdutyintegration.noctuary.io/payments"
    with pytest.raises(LocalKubeError, match="Forbidden"):
        person.kubectl(*refused, input=INTEGRATION.replace("payments", "another"))


@pytest.mark.parametrize("role", AGGREGATED)
def test_the_status_stays_the_operators(cluster: Cluster, namespace: str, granted: Granted, role: str) -> None:
    granted(namespace)
    person = Person(cluster, namespace, role)
    assert person.may("get", "pagerdutyintegrations", "--subresource=status")
    assert not person.may("patch", "pagerdutyintegrations", "--subresource=status")
    assert not person.may("update", "pagerdutyintegrations", "--subresource=status")


def test_nobody_may_more_elsewhere(cluster: Cluster, namespace: str, granted: Granted) -> None:
    granted(namespace)
    person = Person(cluster, namespace, "edit")
    with pytest.raises(LocalKubeError, match="Forbidden"):
        cluster.kubectl("-n", "default", f"--as={person.name}", "get", "pdi")


@pytest.mark.parametrize("role", AGGREGATED)
def test_what_is_added_speaks_of_integrations_only(role: str) -> None:
    manifest = yaml.safe_load(Path(RBAC_DIRECTORY, f"{role}-clusterrole.yaml").read_text())
    assert {group for rule in manifest["rules"] for group in rule["apiGroups"]} == {"noctuary.io"}
