"""What owns a workload and would undo a change by hand: a GitOps tool, Helm, or the operator that made it."""

from collections.abc import Callable

import msgspec

from noctuary.common.words import is_label, is_subdomain
from noctuary.kube.objects import WorkloadMeta, controller_of
from noctuary.models import details
from noctuary.models.revisions import MANAGERS

ARGOCD_TRACKING = "argocd.argoproj.io/tracking-id"
"""`<application>:<group>/<kind>:<namespace>/<name>` of the object that it was written for."""
INSTANCE_LABELS = ("argocd.argoproj.io/instance", "app.kubernetes.io/instance")
FLUX_LABELS = {
    "kustomize.toolkit.fluxcd.io/name": "kustomize-controller",
    "helm.toolkit.fluxcd.io/name": "helm-controller",
}
"""The label that names a Kustomization or HelmRelease, and the manager that writes for it."""
HELM_RELEASE = "meta.helm.sh/release-name"
"""Written by an install only: a chart that is rendered and applied has the label `managed-by: Helm`, and not this."""
HELM_NAMESPACE = "meta.helm.sh/release-namespace"
"""Where Helm keeps the release; its objects may be in other namespaces."""
ELSEWHERE = "?"
"""Instead of a namespace that none can be called: the release is not known to be in the workload's own."""
HELM_MANAGER = "helm"
BY_HAND = "kubectl"
"""The beginning of the names of kubectl's managers."""


class Tool(msgspec.Struct, frozen=True):
    """The owner by kind (argocd, flux, helm, operator; empty: not known), and what it calls the workload's origin.

    `namespace` is where the release is, when that is another namespace than the workload's.
    """

    name: str = ""
    app: str = ""
    namespace: str = ""

    def extra(self) -> dict[str, str]:
        """Return the details that changes of an owned workload carry."""
        if not self.name:
            return {}
        return {details.TOOL: self.name, details.TOOL_APP: self.app, details.TOOL_NAMESPACE: self.namespace}


Check = Callable[[WorkloadMeta, str, frozenset[str]], Tool | None]


def owner_of(metadata: WorkloadMeta, kind: str) -> Tool:
    """Return who owns a workload: Argo CD and Flux only when they wrote it, as anybody may copy or make up a mark.

    `kind` is one of the group apps, or `<group>/<kind>`.
    """
    if not (metadata.labels or metadata.annotations or metadata.owner_references or metadata.managed_fields):
        return Tool()
    managers = frozenset(entry.manager for entry in metadata.managed_fields if not entry.subresource)
    return next((tool for check in CHECKS if (tool := check(metadata, kind, managers)) is not None), Tool())


def _operator(metadata: WorkloadMeta, _kind: str, _managers: frozenset[str]) -> Tool | None:
    owner = controller_of(metadata)
    return Tool("operator", f"{owner.kind} {owner.name}") if owner is not None else None


def _argocd(metadata: WorkloadMeta, kind: str, managers: frozenset[str]) -> Tool | None:
    if not managers & MANAGERS["argocd"]:
        return None
    app, _, about = metadata.annotations.get(ARGOCD_TRACKING, "").partition(":")
    typed = kind if "/" in kind else f"apps/{kind}"
    if about == f"{typed}:{metadata.namespace}/{metadata.name}":
        return Tool("argocd", _named(app.rpartition("_")[2]))  # of another namespace: <namespace>_<application>
    named = (_named(metadata.labels.get(label, "")) for label in INSTANCE_LABELS)
    return Tool("argocd", next(filter(None, named), ""))


def _flux(metadata: WorkloadMeta, _kind: str, managers: frozenset[str]) -> Tool | None:
    for label, manager in FLUX_LABELS.items():
        if label in metadata.labels and manager in managers:
            return Tool("flux", _named(metadata.labels[label]))
    return None


def _helm(metadata: WorkloadMeta, _kind: str, managers: frozenset[str]) -> Tool | None:
    release = metadata.annotations.get(HELM_RELEASE, "")
    is_copied = bool(managers) and all(manager.startswith(BY_HAND) for manager in managers)
    if HELM_MANAGER in managers or (release and not is_copied):
        return Tool("helm", _named(release), _release_namespace(metadata))
    return None


def _release_namespace(metadata: WorkloadMeta) -> str:
    where = metadata.annotations.get(HELM_NAMESPACE, "")
    if where in ("", metadata.namespace):
        return ""
    return where if is_label(where) else ELSEWHERE


def _named(text: str) -> str:
    """Return a name as objects and releases bear it; nothing for any other text."""
    return text if is_subdomain(text) else ""


CHECKS: tuple[Check, ...] = (_operator, _argocd, _flux, _helm)
"""Asked in this order: an operator copies marks of its own resource, and Flux marks as Helm what it installs so."""
