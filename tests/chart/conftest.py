"""What the chart's tests share: both Helms, and a real API server for what they make of the chart."""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.chart.helm import render
from hack.chart.scan import find_scanner
from hack.chart.tools import HELM3, HELM4, find_tool
from testbed.localkube import Cluster, LocalKubeError, cluster_for_tests
from testbed.localkube.binaries import find_binaries

Helm = Callable[..., str]
Manifest = dict[str, Any]
CRD = "crd/pagerdutyintegrations.noctuary.io"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build everything before the first test: it takes minutes once, which no test's timeout allows for."""
    if session.config.option.collectonly or not any("chart" in item.path.parts for item in session.items):
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        find_binaries()
        find_tool(HELM3)
        find_tool(HELM4)
        find_scanner()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real control plane without our CRDs: the chart brings them."""
    with cluster_for_tests([]) as running:
        yield running


@pytest.fixture(scope="session", params=[HELM3, HELM4], ids=lambda tool: str(tool.name))
def helm_path(request: pytest.FixtureRequest) -> Path:
    """Each of the two Helms."""
    return find_tool(request.param)


@pytest.fixture
def helm(helm_path: Path, cluster: Cluster, tmp_path: Path) -> Helm:
    """Runs Helm against the cluster, with no settings of the user's."""
    home = {name: str(tmp_path) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HOME")}
    environment = {"PATH": os.defpath, "KUBECONFIG": str(cluster.kubeconfig), **home}

    def run(*args: str) -> str:
        result = subprocess.run(
            [str(helm_path), *args], capture_output=True, text=True, timeout=120, check=False, env=environment
        )
        if result.returncode != 0:
            raise LocalKubeError(result.stderr.strip())
        return result.stdout

    return run


@pytest.fixture(scope="session")
def rendered(helm_path: Path) -> Callable[[Path | None], list[Manifest]]:
    """Renders the chart with a values file."""

    def manifests(values: Path | None = None) -> list[Manifest]:
        return [each for each in yaml.safe_load_all(render(helm_path, values)) if each]

    return manifests


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace for one release; the CRDs go, too, because Helm takes over none that it did not make."""
    name = f"chart-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", CRD, "--ignore-not-found")
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
