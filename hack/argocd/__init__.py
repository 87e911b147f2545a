"""A real Argo CD as child processes, for tests of how our resources live under it."""

from hack.argocd.application import Application
from hack.argocd.argocd import ArgoCD
from hack.argocd.repository import Repository

__all__ = ["Application", "ArgoCD", "Repository"]
