"""What the chart's tests share: both Helms, and a real API server for what they make of the chart."""

import asyncio
import json
import os
import secrets
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.chart.helm import render
from hack.chart.paths import CHART
from hack.chart.scan import find_scanner
from hack.chart.tools import HELM3, HELM4, find_tool
from testbed.localkube import Cluster, Identities, LocalKubeError, cluster_for_tests
from testbed.localkube.binaries import find_binaries
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.kube import Kube
from testbed.stage.release import StagedRelease
from testbed.stage.stage import Stage
from testbed.stage.user import User

Helm = Callable[..., str]
Install = Callable[..., Awaitable[Stage]]
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


def settings_of(cluster: Cluster, namespace: str, workload: str) -> dict[str, str]:
    """Return the plain environment of a workload as the chart made it."""
    found = json.loads(cluster.kubectl("-n", namespace, "get", workload, "-o", "json"))
    env = found["spec"]["template"]["spec"]["containers"][0]["env"]
    return {each["name"]: each["value"] for each in env if "value" in each}


@pytest.fixture
async def pagerduty() -> AsyncIterator[PagerDutySimulator]:
    async with PagerDutySimulator() as running:
        yield running


@pytest.fixture
async def kube(cluster: Cluster) -> AsyncIterator[Kube]:
    """An administrator's client; the namespaces that it made go with the test."""
    kube = await Kube.connect(cluster.kubeconfig)
    yield kube
    await kube.drop_namespaces()
    await kube.close()


@pytest.fixture
async def installed(
    cluster: Cluster, kube: Kube, helm: Helm, namespace: str, pagerduty: PagerDutySimulator, tmp_path: Path
) -> AsyncIterator[Install]:
    """Installs the chart, for all namespaces or some, and starts its programs under the accounts that it made.

    Further values may be given; namespaces that they name must be there.
    """
    releases: list[StagedRelease] = []

    async def install(*watched: str, **values: Any) -> Stage:
        for each in watched:
            await kube.make_namespace(each)
        given = {"watchNamespaces": watched, **values}
        chosen = [part for name, value in given.items() for part in ("--set-json", f"{name}={json.dumps(value)}")]
        await asyncio.to_thread(helm, "install", "noctuary", str(CHART), "--namespace", namespace, *chosen)
        release = StagedRelease(cluster, pagerduty.url, tmp_path / "release", namespace)
        accounts = [cluster.identity_kubeconfig(namespace, f"noctuary-{each}") for each in ("operator", "receiver")]
        release.prepare(
            Identities(*accounts),
            settings_of(cluster, namespace, "deployment/noctuary-operator"),
            settings_of(cluster, namespace, "statefulset/noctuary-receiver"),
        )
        releases.append(release)
        release.operator.start()
        release.receiver.start()
        return Stage(release, kube, pagerduty, User(kube, pagerduty, release))

    yield install
    for release in releases:
        await asyncio.to_thread(release.stop)
