"""A real Argo CD as child processes, for tests of how our resources live under it."""

from testbed.argocd.application import Application
from testbed.argocd.argocd import ArgoCD
from testbed.argocd.repository import Repository

__all__ = ["Application", "ArgoCD", "Repository"]
