"""A team whose resources Argo CD syncs from git."""

import base64
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml

from testbed.argocd import Application, ArgoCD, Repository
from testbed.localkube import LocalKubeError
from testbed.polling import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "deploy" / "argocd"
API_URL = "https://api.pagerduty.com"
PATIENCE_S = 120.0
T = TypeVar("T")


class Team:
    """A namespace, a repository with the example's files, and the Application that joins them."""

    def __init__(self, argocd: ArgoCD, release: str, directory: Path, name: str) -> None:
        self.cluster, self.release, self.namespace = argocd.cluster, release, name
        self.repository = Repository(directory / "manifests")
        self.repository.copy(EXAMPLE / "example", "noctuary")
        self.overlay = "noctuary/overlays/production/kustomization.yaml"
        self.manifest: dict[str, Any] = {}
        self.follow(yaml.safe_load((EXAMPLE / "application.yaml").read_text(encoding="utf-8")))
        self.manifest["spec"]["source"]["kustomize"] = {"namespace": name}
        self.application = Application(argocd, self.manifest)

    def follow(self, application: dict[str, Any]) -> None:
        """Take an Application as users have it, with this repository, name and namespace."""
        application["metadata"]["name"] = self.namespace
        application["spec"]["source"]["repoURL"] = self.repository.url
        application["spec"]["destination"]["namespace"] = self.namespace
        self.manifest.update(application)

    def edit(self, old: str, new: str) -> None:
        """Edit the manifest of the integration."""
        self.repository.replace("noctuary/base/integration.yaml", old, new)

    def kubectl(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002 - as subprocess.run names it
        """Run kubectl in the team's namespace."""
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, input=input)

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Return an object, empty when there is none."""
        try:
            text = self.cluster.kubectl("--namespace", namespace or self.namespace, "get", kind, name, "--output=json")
        except LocalKubeError as error:
            if "NotFound" not in str(error):
                raise
            return {}
        return dict(json.loads(text))

    def deploy(self) -> None:
        """Commit the example, store the signing secret as a person does, and wait until all is done."""
        revision = self.repository.commit("Connect payments with PagerDuty")
        self.application.apply()
        self.subscribe()
        self.synced(revision)

    def subscribe(self) -> None:
        """Store the signing secret once the namespace is there, and be the ingress controller for the new route."""
        eventually("the namespace", lambda: self.get("namespace", self.namespace), bool, show=self.application.status)
        self.kubectl("create", "secret", "generic", "pagerduty-signing", "--from-literal=secret=canary-signing-secret")
        self.admit()

    def admit(self) -> None:
        """Report an address for the Ingress of the integration."""
        eventually("the integration", self.id, bool, show=self.application.operation)
        traces = eventually("the Ingress", lambda: self.traces(self.id()), lambda found: len(found) > 1)
        name = next(each for each in traces if each.startswith("ingress")).partition("/")[2]
        status = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
        self.cluster.kubectl(
            "--namespace", self.release, "patch", "ingress", name, "--subresource=status", "--type=merge", "-p", status
        )

    def synced(self, revision: str) -> None:
        """Ask Argo CD to look, and wait until this commit is synced without a difference left."""
        self.application.refresh()
        eventually(
            f"{self.namespace} synced", lambda: self.application.is_synced_to(revision), show=self.application.status
        )

    def push(self, message: str) -> str:
        """Commit, and wait until Argo CD has synced it."""
        revision = self.repository.commit(message)
        self.synced(revision)
        return revision

    def traces(self, integration_id: str) -> list[str]:
        """Return what the operator keeps for an integration in the release's namespace."""
        selector = f"noctuary.io/integration-id={integration_id}"
        found = self.cluster.kubectl("-n", self.release, "get", "secrets,ingresses", "-l", selector, "-o", "name")
        return sorted(found.split())

    def id(self) -> str:
        """Return the id of the integration, empty while it has none."""
        return str(self.get("pdi", "payments").get("status", {}).get("integrationID", ""))

    def token(self) -> str:
        """Return the webhook token, empty while there is none."""
        return base64.b64decode(self.get("secret", "payments-webhook").get("data", {}).get("token", "")).decode()

    def health(self) -> str | None:
        """Return what Argo CD thinks of the integration."""
        found = self.application.resources().get("PagerDutyIntegration/payments")
        return found.health if found else None
