"""What both Helms make of the chart."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.chart.generate import stale
from hack.chart.helm import render, run, scenarios
from hack.chart.kustomize import kustomize_base
from hack.chart.package import package
from hack.chart.paths import CHART, ROOT, SCENARIOS
from hack.chart.scan import failed_checks
from hack.chart.tools import HELM3, HELM4, find_tool
from testbed.localkube import Cluster
from testbed.localkube.identities import admission_policy, shipped_manifests

Rendered = Callable[..., list[dict[str, Any]]]
DEFAULTS_FAIL = {
    "CKV_K8S_11": "a CPU limit would slow bursts down",
    "CKV_K8S_15": "IfNotPresent: a registry that is away must not keep the pod from starting",
    "CKV_K8S_43": "the digest of the image is the installer's to name",
}
"""What checkov finds in the defaults; each is explained to users in docs/design/chart.md."""
FOREIGN_KINDS = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "HTTPRoute"}
"""Kinds of others, whose CRDs the test cluster does not have."""


@pytest.mark.parametrize("values", scenarios(), ids=lambda path: path.stem)
def test_both_helms_render_the_same(values: Path) -> None:
    of3, of4 = (list(yaml.safe_load_all(render(find_tool(tool), values))) for tool in (HELM3, HELM4))
    assert sorted(map(json.dumps, filter(None, of3))) == sorted(map(json.dumps, filter(None, of4)))


def test_the_kustomize_base_is_what_the_chart_renders() -> None:
    assert stale(kustomize_base(find_tool(HELM3))) == [], "run `make chart-generate`"


def test_the_roles_are_those_that_the_integration_tests_grant(rendered: Rendered) -> None:
    def rules(manifests: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(each["rules"], sort_keys=True) for each in manifests if "rules" in each)

    assert rules(rendered(None)) == rules(shipped_manifests("noctuary"))


def test_no_cluster_wide_role_speaks_of_secrets_where_they_are_read_in_named_namespaces(rendered: Rendered) -> None:
    manifests = [each for each in rendered(SCENARIOS / "hardened-values.yaml") if "rules" in each]
    about = [each for each in manifests if any("secrets" in rule["resources"] for rule in each["rules"])]
    places = {each["metadata"].get("namespace", "everywhere") for each in about}
    assert places == {"noctuary", "team-payments", "team-search"}


def test_the_admission_policy_is_the_one_that_the_integration_tests_apply(rendered: Rendered) -> None:
    def specs(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each["spec"] for each in manifests if each["kind"] == "ValidatingAdmissionPolicy"]

    assert specs(rendered(None)) == specs(admission_policy("noctuary"))


def test_no_right_is_cluster_wide_in_namespaced_mode(rendered: Rendered) -> None:
    manifests = rendered(SCENARIOS / "namespaced-values.yaml")
    assert [each["kind"] for each in manifests if each["kind"].startswith("ClusterRole")] == []


def test_namespaced_mode_grants_nothing_outside_the_watched_namespaces(rendered: Rendered) -> None:
    roles = [each["metadata"] for each in rendered(SCENARIOS / "namespaced-values.yaml") if each["kind"] == "Role"]
    assert {each["namespace"] for each in roles} == {"noctuary", "team-payments", "team-search"}


def test_the_scanner_finds_nothing_in_hardened_values_but_the_right_to_secrets_of_named_namespaces() -> None:
    """One for each Role of secretNamespaces; it overlooks the same right in Roles of several rules."""
    hardened = SCENARIOS / "hardened-values.yaml"
    named = yaml.safe_load(hardened.read_text())["secretNamespaces"]
    assert failed_checks(render(find_tool(HELM3), hardened)) == {"CKV2_K8S_5": len(named)}
    assert "CKV2_K8S_5" in (ROOT / "docs" / "design" / "chart.md").read_text()


def test_what_the_scanner_finds_in_the_defaults_is_explained() -> None:
    found = failed_checks(render(find_tool(HELM3), SCENARIOS / "default-values.yaml"))
    assert set(found) == set(DEFAULTS_FAIL)
    explained = (ROOT / "docs" / "design" / "chart.md").read_text()
    assert [check for check in found if check not in explained] == []


@pytest.mark.parametrize("values", scenarios(), ids=lambda path: path.stem)
def test_a_real_api_server_takes_every_manifest_under_pod_security_restricted(
    cluster: Cluster, rendered: Rendered, values: Path
) -> None:
    own = [each for each in rendered(values) if each["kind"] not in FOREIGN_KINDS]
    namespaces = {each["metadata"].get("namespace", "noctuary") for each in own}
    enforced = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
    made = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": enforced}} for name in namespaces
    ]
    cluster.kubectl("apply", "--server-side", "--filename=-", input=json.dumps(_as_list(made)))
    answer = cluster.kubectl(
        "apply",
        "--server-side",
        "--dry-run=server",
        "--warnings-as-errors",
        "--filename=-",
        input=json.dumps(_as_list(own)),
    )
    assert len(answer.splitlines()) == len(own)


NOTES = {
    "image.registry=": True,
    "image.registry=registry.example.com": False,
    "image.repository=registry.example.com/noctuary": False,
    "global.imageRegistry=registry.example.com": False,
}
"""Whether the notes of an installation with this setting say that no image is published."""


@pytest.mark.parametrize("setting", NOTES)
def test_the_notes_tell_who_names_no_registry_that_no_image_is_published(
    helm: Callable[..., str], namespace: str, setting: str
) -> None:
    said = helm("install", "noctuary", str(CHART), "--namespace", namespace, "--dry-run=client", "--set", setting)
    assert ("no image is published" in said) == NOTES[setting]


def test_an_overlay_moves_everything_to_its_namespace(cluster: Cluster) -> None:
    text = cluster.kubectl("kustomize", str(ROOT / "deploy" / "kustomize" / "example"))
    assert "namespace: noctuary" not in text
    assert '["noctuary.example.com"]' in text
    assert "system:serviceaccount:incidents:noctuary-operator" in text
    assert "system:serviceaccount:noctuary:" not in text


def test_an_overlay_that_is_applied_again_differs_in_nothing(cluster: Cluster) -> None:
    overlay = str(ROOT / "deploy" / "kustomize" / "example")
    cluster.kubectl("apply", "--server-side", "--filename", f"{overlay}/namespace.yaml")
    try:
        cluster.kubectl("apply", "--server-side", "--kustomize", overlay)
        assert cluster.kubectl("diff", "--server-side", "--kustomize", overlay) == ""
    finally:
        cluster.kubectl("delete", "--ignore-not-found", "--kustomize", overlay)


def test_the_package_holds_no_tests(helm_path: Path, tmp_path: Path) -> None:
    run(helm_path, "package", str(CHART), "--destination", str(tmp_path))
    listing = run(Path("/usr/bin/tar"), "--list", "--file", str(next(tmp_path.glob("*.tgz"))))
    assert [name for name in listing.splitlines() if "/tests/" in name or "/ci/" in name] == []
    assert "noctuary/files/rbac/operator-role.yaml" in listing


@pytest.mark.parametrize("source", ["https://git.example.com/noctuary", ""])
def test_the_packed_chart_names_where_its_sources_are_if_that_is_known(
    helm_path: Path, tmp_path: Path, source: str
) -> None:
    packed = yaml.safe_load(run(helm_path, "show", "chart", str(package(helm_path, tmp_path, source))))
    assert (packed.get("home", ""), packed.get("sources", [])) == (source, [source] if source else [])


def _as_list(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": manifests}
