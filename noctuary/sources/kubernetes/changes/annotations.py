"""Annotations that tell a controller how to route: those of Ingresses and Services."""

from collections.abc import Mapping

from noctuary.sources.kubernetes.changes.facts import Facts, called, valued

IGNORED = (
    "kubectl.kubernetes.io/",
    "control-plane.alpha.kubernetes.io/",
    "field.cattle.io/",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "deployment.kubernetes.io/",
    "cert-manager.io/",
    "acme.cert-manager.io/",
    "rollouts.argoproj.io/",
    "argo-rollouts.argoproj.io/",
    "external-dns.alpha.kubernetes.io/resource",
    "endpoints.kubernetes.io/",
    "noctuary.io/",
)
"""What tools write for themselves: none of it decides where a request goes."""


def annotation_facts(annotations: Mapping[str, str]) -> Facts:
    """Return the annotations that may decide where requests go; their values by the rule for values."""
    kept = {name: value for name, value in annotations.items() if "/" in name and not name.startswith(IGNORED)}
    return {called("annotation", name): valued(name.rpartition("/")[2], value) for name, value in kept.items()}
