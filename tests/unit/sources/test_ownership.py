"""Who owns a workload: only what that owner itself wrote counts, and never a copied mark."""

from typing import Any

import msgspec
import pytest

from noctuary.kube.objects import WorkloadMeta
from noctuary.sources.kubernetes.rollouts.ownership import Tool, owner_of

TRACKING = "argocd.argoproj.io/tracking-id"
FLUX = "kustomize.toolkit.fluxcd.io/name"
HELM = {"app.kubernetes.io/managed-by": "Helm"}
RELEASE = {"meta.helm.sh/release-name": "web"}
PROMETHEUS = {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "name": "k8s", "controller": True}


def owner(*managers: str, **metadata: Any) -> Tool:
    entries = [{"manager": manager, "fieldsV1": {"f:spec": {"f:template": {}}}} for manager in managers]
    body = {"name": "shop", "namespace": "shops", "managedFields": entries, **metadata}
    return owner_of(msgspec.json.decode(msgspec.json.encode(body), type=WorkloadMeta), "Deployment")


@pytest.mark.parametrize(
    ("managers", "metadata", "tool"),
    [
        (["argocd-controller"], {"annotations": {TRACKING: "pay:apps/Deployment:shops/shop"}}, Tool("argocd", "pay")),
        ([], {"annotations": {TRACKING: "team_pay:apps/Deployment:shops/shop"}}, Tool("argocd", "pay")),
        (["argocd-controller"], {"labels": {"app.kubernetes.io/instance": "pay"}}, Tool("argocd", "pay")),
        (["kustomize-controller"], {"labels": {FLUX: "apps"}}, Tool("flux", "apps")),
        (
            ["helm-controller"],
            {"labels": HELM | {"helm.toolkit.fluxcd.io/name": "web"}, "annotations": RELEASE},
            Tool("flux", "web"),
        ),
        (["helm"], {"labels": HELM, "annotations": RELEASE}, Tool("helm", "web")),
        (["helm", "kubectl-set"], {"labels": HELM, "annotations": RELEASE}, Tool("helm", "web")),
        (["operator"], {"ownerReferences": [PROMETHEUS]}, Tool("operator", "Prometheus k8s")),
    ],
)
def test_an_owner_is_known_by_its_marks(managers: list[str], metadata: dict[str, Any], tool: Tool) -> None:
    assert owner(*managers, **metadata) == tool


@pytest.mark.parametrize(
    ("managers", "metadata"),
    [
        ([], {}),
        (["kubectl-client-side-apply"], {"labels": HELM | {"app.kubernetes.io/instance": "web"}}),
        (["kubectl-client-side-apply"], {"labels": HELM, "annotations": RELEASE}),
        (["kubectl"], {"labels": {FLUX: "apps"}}),
        (["kubectl"], {"annotations": {TRACKING: "pay:apps/Deployment:shops/other"}}),
        (["kubectl"], {"annotations": {TRACKING: "pay:monitoring.coreos.com/Prometheus:shops/shop"}}),
    ],
    ids=["nothing", "rendered chart", "copied release", "copied label", "copied object", "copied by an operator"],
)
def test_a_mark_that_its_owner_did_not_write_is_none(managers: list[str], metadata: dict[str, Any]) -> None:
    assert owner(*managers, **metadata) == Tool()
