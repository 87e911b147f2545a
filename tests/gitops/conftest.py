"""What the GitOps tests share: a real API server, our operator, a real Argo CD, and a team with a git repository."""

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from hack.chart.tools import HELM3, find_tool
from testbed.argocd import ArgoCD
from testbed.argocd.programs import find_programs
from testbed.argocd.team import Team
from testbed.localkube import Cluster, LocalKube
from testbed.localkube.binaries import find_binaries
from testbed.polling import eventually
from testbed.stage.release import CRDS, StagedRelease

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


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A control plane of our own that serves our CRDs; Argo CD's are never brought into anybody's cluster."""
    with LocalKube(crds=CRDS) as running:
        yield running


@pytest.fixture(scope="session")
def release(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The namespace of a release whose operator runs, under its shipped Roles."""
    made = StagedRelease(cluster, API_URL, tmp_path_factory.mktemp("release"))
    made.install()
    try:
        made.operator.start()
        eventually("the operator is ready", lambda: _answers(made.operator_port), show=made.operator.last_lines)
        yield made.namespace
    finally:
        made.stop()


@pytest.fixture(scope="session")
def argocd(cluster: Cluster) -> Iterator[ArgoCD]:
    """A real Argo CD that knows the health of our kind, as the README tells people to set it up."""
    with ArgoCD(cluster, helm=find_tool(HELM3)) as running:
        cluster.kubectl("apply", "--server-side", "--field-manager=noctuary-health", "-k", str(EXAMPLE))
        yield running


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


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
