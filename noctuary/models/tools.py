"""Tools that deliver by themselves, by the words of `details.TOOL`."""

MANAGERS: dict[str, frozenset[str]] = {
    "argocd": frozenset({"argocd-controller", "argocd-application-controller"}),
    "flux": frozenset({"kustomize-controller", "helm-controller"}),
}
"""The field managers under which each writes; the controller of Argo Rollouts delivers nothing."""
