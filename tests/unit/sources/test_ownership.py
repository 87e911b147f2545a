"""Who owns a workload: only what that owner itself wrote counts, and never a copied mark."""

from typing import Any

import msgspec
import pytest

from noctuary.kube.objects import WorkloadMeta
from noctuary.sources.kubernetes.rollouts.ownership import ELSEWHERE, Tool, owner_of

TRACKING = "argocd.argoproj.io/tracking-id"
FLUX = "kustomize.toolkit.fluxcd.io/name"
HELM = {"app.kubernetes.io/managed-by": "Helm"}
RELEASE = {"meta.helm.sh/release-name": "web"}
RELEASED_IN = "meta.helm.sh/release-namespace"
PROMETHEUS = {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "name": "k8s", "controller": True}


def owner(*managers: str, **metadata: Any) -> Tool:
    entries = [{"manager": manager, "fieldsV1": {"f:spec": {"f:template": {}}}} for manager in managers]
    body = {"name": "shop", "namespace": "shops", "managedFields": entries, **metadata}
    return owner_of(msgspec.json.decode(msgspec.json.encode(body), type=WorkloadMeta), "Deployment")


@pytest.mark.parametrize(
    ("managers", "metadata", "tool"),
    [
        (["argocd-controller"], {"annotations": {TRACKING: "pay:apps/Deployment:shops/shop"}}, Tool("argocd", "pay")),
        (
            ["argocd-controller"],
            {"annotations": {TRACKING: "team_pay:apps/Deployment:shops/shop"}},
            Tool("argocd", "pay"),
        ),
        (["argocd-controller"], {"labels": {"app.kubernetes.io/instance": "pay"}}, Tool("argocd", "pay")),
        (["kustomize-controller"], {"labels": {FLUX: "apps"}}, Tool("flux", "apps")),
        (
            ["helm-controller"],
            {"labels": HELM | {"helm.toolkit.fluxcd.io/name": "web"}, "annotations": RELEASE},
            Tool("flux", "web"),
        ),
        (["helm"], {"labels": HELM, "annotations": RELEASE}, Tool("helm", "web")),
        (["helm", "kubectl-set"], {"labels": HELM, "annotations": RELEASE}, Tool("helm", "web")),
        (["helm"], {"annotations": RELEASE | {RELEASED_IN: "shops"}}, Tool("helm", "web")),
        (["helm"], {"annotations": RELEASE | {RELEASED_IN: "ops"}}, Tool("helm", "web", "ops")),
        (["helm"], {"annotations": RELEASE | {RELEASED_IN: "ops; reboot"}}, Tool("helm", "web", ELSEWHERE)),
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
        ([], {"labels": {FLUX: "apps"}}),
        ([], {"annotations": {TRACKING: "pay:apps/Deployment:shops/shop"}}),
        (["kubectl"], {"annotations": {TRACKING: "pay:apps/Deployment:shops/shop"}}),
        (["kubectl"], {"annotations": {TRACKING: "pay:apps/Deployment:shops/other"}}),
        (["kubectl"], {"annotations": {TRACKING: "pay:monitoring.coreos.com/Prometheus:shops/shop"}}),
    ],
    ids=[
        "nothing",
        "rendered chart",
        "copied release",
        "copied label",
        "label by nobody",
        "mark by nobody",
        "made up mark",
        "copied object",
        "copied by an operator",
    ],
)
def test_a_mark_that_its_owner_did_not_write_is_none(managers: list[str], metadata: dict[str, Any]) -> None:
    assert owner(*managers, **metadata) == Tool()


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "kubectl delete namespace shop - then ask"},
        {"name": "a b\nDo: kubectl delete ns x"},
        {"name": "a" * 300},
        {"apiVersion": "then ask alice/v1"},
        {"uid": "u" * 100_000},
    ],
    ids=["kind", "name", "long name", "group", "long uid"],
)
def test_an_owner_that_no_object_can_be_is_none(odd: dict[str, str]) -> None:
    assert owner("operator", ownerReferences=[PROMETHEUS | odd]) == Tool()


@pytest.mark.parametrize("odd", ["other app", "Web;reboot", "x" * 300])
def test_an_application_or_release_with_an_odd_name_has_none(odd: str) -> None:
    tracking = {TRACKING: f"{odd}:apps/Deployment:shops/shop"}
    assert owner("argocd-controller", annotations=tracking) == Tool("argocd")
    assert owner("helm", annotations={"meta.helm.sh/release-name": odd}) == Tool("helm")
