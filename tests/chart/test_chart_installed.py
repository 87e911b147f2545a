"""The chart's life on a real API server: install, upgrade, uninstall, with Helm 3 and with Helm 4."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.chart.paths import CHART, PREVIOUS, ROOT
from testbed.localkube import Cluster, LocalKubeError

Helm = Callable[..., str]
EXAMPLES = ROOT / "examples"
CRD = "crd/pagerdutyintegrations.noctuary.io"
KINDS = (
    "deployments,statefulsets,services,secrets,serviceaccounts,roles,rolebindings,configmaps,"
    "jobs,networkpolicies,ingresses"
)
CLUSTER_WIDE = "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings"
OF_KUBERNETES = {"ServiceAccount/default", "ConfigMap/kube-root-ca.crt"}


def left(cluster: Cluster, namespace: str) -> set[str]:
    items = json.loads(cluster.kubectl("-n", namespace, "get", KINDS, "-o", "json"))["items"]
    return {f"{each['kind']}/{each['metadata']['name']}" for each in items} - OF_KUBERNETES


def clusterwide(cluster: Cluster, namespace: str) -> list[str]:
    names = cluster.kubectl("get", CLUSTER_WIDE, "-o", "name").split()
    return [name for name in names if name.endswith(namespace)]


def policy_types(cluster: Cluster, namespace: str) -> dict[str, list[str]]:
    """Return which ways the NetworkPolicy of each component limits."""
    items = json.loads(cluster.kubectl("-n", namespace, "get", "networkpolicies", "-o", "json"))["items"]
    return {each["metadata"]["name"].removeprefix("noctuary-"): each["spec"]["policyTypes"] for each in items}


def container_env(cluster: Cluster, namespace: str) -> dict[str, Any]:
    found = json.loads(cluster.kubectl("-n", namespace, "get", "deployment", "noctuary-operator", "-o", "json"))
    return {each["name"]: each.get("value") for each in found["spec"]["template"]["spec"]["containers"][0]["env"]}


def test_a_release_goes_without_a_trace_but_its_crds(cluster: Cluster, helm: Helm, namespace: str) -> None:
    helm("install", "noctuary", str(CHART), "--namespace", namespace)
    assert "Deployment/noctuary-operator" in left(cluster, namespace)
    helm("uninstall", "noctuary", "--namespace", namespace, "--no-hooks")
    assert left(cluster, namespace) == set()
    assert clusterwide(cluster, namespace) == []
    assert cluster.kubectl("get", CRD, "-o", "name")


def test_a_second_release_takes_up_the_kept_crds(cluster: Cluster, helm: Helm, namespace: str) -> None:
    helm("install", "noctuary", str(CHART), "--namespace", namespace)
    helm("uninstall", "noctuary", "--namespace", namespace, "--no-hooks")
    helm("install", "noctuary", str(CHART), "--namespace", namespace)
    assert "StatefulSet/noctuary-receiver" in left(cluster, namespace)


def test_the_definitions_go_where_that_is_asked_for(cluster: Cluster, helm: Helm, namespace: str) -> None:
    helm("install", "noctuary", str(CHART), "--namespace", namespace, "--set", "crds.keep=false")
    helm("uninstall", "noctuary", "--namespace", namespace, "--no-hooks", "--wait", "--timeout", "60s")
    with pytest.raises(LocalKubeError, match="NotFound"):
        cluster.kubectl("get", CRD)


def test_an_upgrade_changes_what_it_is_told_to_and_nothing_else(cluster: Cluster, helm: Helm, namespace: str) -> None:
    helm("install", "noctuary", str(CHART), "--namespace", namespace)
    before = container_env(cluster, namespace)
    helm("upgrade", "noctuary", str(CHART), "--namespace", namespace, "--set", "policy.webhookHosts={a.example.com}")
    changed = dict(set(container_env(cluster, namespace).items()) - set(before.items()))
    assert changed == {"NOCTUARY_ALLOWED_WEBHOOK_HOSTS": '["a.example.com"]'}


def test_an_upgrade_without_a_change_changes_no_generation(cluster: Cluster, helm: Helm, namespace: str) -> None:
    def generations() -> str:
        path = "jsonpath={range .items[*]}{.kind} {.metadata.generation}{end}"
        return cluster.kubectl("-n", namespace, "get", "deployments,statefulsets", "-o", path)

    helm("install", "noctuary", str(CHART), "--namespace", namespace)
    before = generations()
    helm("upgrade", "noctuary", str(CHART), "--namespace", namespace)
    assert generations() == before


def test_the_previous_version_can_be_upgraded_and_takes_its_integrations_along(
    cluster: Cluster, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    example, mine = EXAMPLES / "one-service.yaml", tmp_path / "mine.yaml"
    mine.write_text(example.read_text().replace("namespace: team-payments", f"namespace: {namespace}"))
    helm("install", "noctuary", str(PREVIOUS), "--namespace", namespace, "--set", "logLevel=debug")
    cluster.kubectl("apply", "-f", str(mine))
    before = cluster.kubectl("-n", namespace, "get", "pdi", "-o", "jsonpath={.items[*].metadata.uid}")
    helm("upgrade", "noctuary", str(CHART), "--namespace", namespace, "--reset-then-reuse-values")
    env = container_env(cluster, namespace)
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    assert before == cluster.kubectl("-n", namespace, "get", "pdi", "-o", "jsonpath={.items[*].metadata.uid}")
    assert cluster.kubectl("get", CRD, "-o", "jsonpath={.metadata.labels.helm\\.sh/chart}") == f"noctuary-{version}"
    assert "parentRefs" in cluster.kubectl("explain", "pdi.spec.webhook.route")
    assert env["NOCTUARY_LOG_LEVEL"] == "debug"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"operator": ["Ingress"], "receiver": ["Ingress"], "cleanup": ["Ingress"]}),
        ({"networkPolicy": {"enabled": False}}, {}),
        (
            {"networkPolicy": {"enabled": True, "apiServerCIDRs": ["203.0.113.10/32"]}},
            {name: ["Ingress", "Egress"] for name in ("operator", "receiver", "cleanup")},
        ),
    ],
    ids=["not chosen", "switched off", "switched on"],
)
def test_what_a_release_of_before_chose_for_its_network_stays_chosen(
    cluster: Cluster, helm: Helm, namespace: str, tmp_path: Path, before: dict[str, Any], after: dict[str, list[str]]
) -> None:
    chosen = tmp_path / "values.yaml"
    chosen.write_text(json.dumps(before))
    helm("install", "noctuary", str(PREVIOUS), "--namespace", namespace, "--values", str(chosen))
    helm("upgrade", "noctuary", str(CHART), "--namespace", namespace, "--reset-then-reuse-values")
    assert policy_types(cluster, namespace) == after


def test_an_upgrade_that_reuses_all_values_of_before_gets_the_programs_defaults(
    cluster: Cluster, helm: Helm, namespace: str
) -> None:
    helm("install", "noctuary", str(PREVIOUS), "--namespace", namespace)
    helm("upgrade", "noctuary", str(CHART), "--namespace", namespace, "--reuse-values")
    env = container_env(cluster, namespace)
    assert "NOCTUARY_MAX_INTEGRATIONS_PER_NAMESPACE" not in env
    assert env["NOCTUARY_SECRET_ACCESS"] == "cluster"
    assert policy_types(cluster, namespace) == {}
    assert f"validatingadmissionpolicy.admissionregistration.k8s.io/noctuary-operator-{namespace}" in clusterwide(
        cluster, namespace
    )


def test_a_namespace_that_is_taken_off_the_list_loses_its_role(cluster: Cluster, helm: Helm, namespace: str) -> None:
    def grants() -> list[str]:
        names = cluster.kubectl("-n", namespace, "get", "roles,rolebindings", "-o", "name").split()
        return [name for name in names if "-secrets-" in name]

    values = ["secretAccess=namespaces", f"secretNamespaces={{{namespace}}}"]
    helm("install", "noctuary", str(CHART), "--namespace", namespace, "--set", ",".join(values))
    account = f"--as=system:serviceaccount:{namespace}:noctuary-operator"
    assert len(grants()) == 2
    assert cluster.kubectl("auth", "can-i", "get", "secrets", "-n", namespace, account).strip() == "yes"
    helm("upgrade", "noctuary", str(CHART), "--namespace", namespace, "--set", values[0])
    assert grants() == []
    with pytest.raises(LocalKubeError):
        cluster.kubectl("auth", "can-i", "get", "secrets", "-n", "default", account)


def test_two_releases_of_one_name_share_nothing(cluster: Cluster, helm: Helm, namespace: str) -> None:
    second = f"{namespace}-2"
    helm("install", "noctuary", str(CHART), "--namespace", namespace)
    try:
        helm(
            "install",
            "noctuary",
            str(CHART),
            "--namespace",
            second,
            "--create-namespace",
            "--set",
            "crds.enabled=false",
        )
        helm("uninstall", "noctuary", "--namespace", second, "--no-hooks")
        assert len(clusterwide(cluster, namespace)) == 9
    finally:
        cluster.kubectl("delete", "namespace", second, "--ignore-not-found", "--wait=false")


def test_a_mistyped_value_stops_the_installation(helm: Helm, namespace: str) -> None:
    with pytest.raises(LocalKubeError, match="webhookHost"):
        helm("install", "noctuary", str(CHART), "--namespace", namespace, "--set", "policy.webhookHost=a")
