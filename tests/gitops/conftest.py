"""What the GitOps tests share: a real API server, our operator, a real Argo CD, and a team with a git repository."""

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from hack.chart.tools import HELM3, find_tool
from testbed.argocd import Application, ArgoCD, Repository
from testbed.argocd.programs import find_programs
from testbed.localkube import Cluster, LocalKube, LocalKubeError
from testbed.localkube.binaries import find_binaries
from testbed.stage.release import CRDS, Release

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "deploy" / "argocd"
API_URL = "https://api.pagerduty.com"
PATIENCE_S = 120.0
"""Far above what any outcome takes here: a slow machine must not fail a test."""
T = TypeVar("T")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build everything before the first test: it takes minutes once, which no test's timeout allows for."""
    wanted = any("gitops" in item.path.parts for item in session.items)
    if session.config.option.collectonly or not wanted:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        find_binaries()
        find_programs()
        find_tool(HELM3)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test time for some waits of full length."""
    for item in items:
        if "gitops" in item.path.parts:
            item.add_marker(pytest.mark.timeout(5 * PATIENCE_S))


def until(what: str, ask: Callable[[], T | None], show: Callable[[], object] = lambda: "") -> T:
    """Poll until the answer is neither None nor False nor empty."""
    end = time.monotonic() + PATIENCE_S
    while not (answer := ask()):
        if time.monotonic() > end:
            pytest.fail(f"not within {PATIENCE_S:.0f} s: {what}; {show()}")
        time.sleep(0.3)
    return answer


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A control plane of our own that serves our definitions; Argo CD's are never brought into anybody's cluster."""
    with LocalKube(crds=CRDS) as running:
        yield running


@pytest.fixture(scope="session")
def release(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The namespace of a release whose operator runs, under its shipped Roles."""
    made = Release(cluster, API_URL, tmp_path_factory.mktemp("release"))
    made.install()
    try:
        made.operator.start()
        until("the operator is ready", lambda: _answers(made.operator_port), made.operator.last_lines)
        yield made.namespace
    finally:
        made.stop()


@pytest.fixture(scope="session")
def argocd(cluster: Cluster) -> Iterator[ArgoCD]:
    """A real Argo CD that knows the health of our kind, as the README tells people to set it up."""
    with ArgoCD(cluster, helm=find_tool(HELM3)) as running:
        cluster.kubectl("apply", "--server-side", "--field-manager=noctuary-health", "-k", str(EXAMPLE))
        yield running


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
            assert "NotFound" in str(error), error
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
        until("the namespace", lambda: self.get("namespace", self.namespace), self.application.status)
        self.kubectl("create", "secret", "generic", "pagerduty-signing", "--from-literal=secret=canary-signing-secret")
        self.admit()

    def admit(self) -> None:
        """Report an address for the Ingress of the integration."""
        name = f"noctuary-{until('the integration', self.uid, self.application.operation)}"
        until("the Ingress", lambda: self.get("ingress", name, self.release))
        status = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
        self.cluster.kubectl(
            "--namespace", self.release, "patch", "ingress", name, "--subresource=status", "--type=merge", "-p", status
        )

    def synced(self, revision: str) -> None:
        """Ask Argo CD to look, and wait until this commit is synced without a difference left."""
        self.application.refresh()
        until(f"{self.namespace} synced", lambda: self.application.is_synced_to(revision), self.application.status)

    def push(self, message: str) -> str:
        """Commit, and wait until Argo CD has synced it."""
        revision = self.repository.commit(message)
        self.synced(revision)
        return revision

    def traces(self, uid: str) -> list[str]:
        """Return what the operator keeps for an integration in the release's namespace."""
        selector = f"noctuary.io/integration-id={uid}"
        found = self.cluster.kubectl("-n", self.release, "get", "secrets,ingresses", "-l", selector, "-o", "name")
        return sorted(found.split())

    def uid(self) -> str:
        """Return the uid of the integration, empty while there is none."""
        return str(self.get("pdi", "payments").get("metadata", {}).get("uid", ""))

    def token(self) -> str:
        """Return the webhook token, empty while there is none."""
        return base64.b64decode(self.get("secret", "payments-webhook").get("data", {}).get("token", "")).decode()

    def health(self) -> str | None:
        """Return what Argo CD thinks of the integration."""
        found = self.application.resources().get("PagerDutyIntegration/payments")
        return found.health if found else None


@pytest.fixture
def team(argocd: ArgoCD, release: str, tmp_path: Path) -> Iterator[Team]:
    """A team that has deployed nothing yet; its Application and namespace go after the test, at their leisure."""
    made = Team(argocd, release, tmp_path, f"payments-{secrets.token_hex(3)}")
    yield made
    made.application.delete(wait=False)
    made.cluster.kubectl("delete", "namespace", made.namespace, "--ignore-not-found", "--wait=false")


@pytest.fixture(params=["ServerSideApply=true", "ServerSideApply=false"])
def applied(request: pytest.FixtureRequest, team: Team) -> str:
    """Both ways in which Argo CD applies."""
    option: str = request.param
    team.manifest["spec"]["syncPolicy"]["syncOptions"] = [option]
    return option


@pytest.fixture
def tracked_by(cluster: Cluster, argocd: ArgoCD) -> Iterator[Callable[[str], None]]:
    """Chooses how Argo CD marks what is its own."""

    def choose(method: str | None) -> None:
        patch = json.dumps({"data": {"application.resourceTrackingMethod": method}})
        cluster.kubectl("-n", "argocd", "patch", "configmap", "argocd-cm", "--type=merge", "-p", patch)

    yield choose
    choose(None)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`until`, for tests."""
    return until


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
