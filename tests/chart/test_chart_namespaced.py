"""The chart with `watchNamespaces`, really installed, and both programs at work under exactly what it granted."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from hack.chart.paths import CHART
from testbed.demo.names import random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import Cluster, Identities, LocalKubeError
from testbed.log_lines import forbidden_lines
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.kube import GROUP, PLURAL, Kube
from testbed.stage.release import StagedRelease
from testbed.stage.stage import Stage
from testbed.stage.user import User, integration

Helm = Callable[..., str]
Install = Callable[..., Awaitable[Stage]]


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
async def installed(
    cluster: Cluster, helm: Helm, namespace: str, pagerduty: PagerDutySimulator, tmp_path: Path
) -> AsyncIterator[Install]:
    """Installs the chart for some namespaces and starts its programs under the accounts that it made."""
    kube = await Kube.connect(cluster.kubeconfig)
    releases: list[StagedRelease] = []

    async def install(*watched: str) -> Stage:
        for each in watched:
            await kube.make_namespace(each)
        chosen = ["--set-json", f"watchNamespaces={json.dumps(watched)}"]
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
    await kube.drop_namespaces()
    await kube.close()


@pytest.mark.timeout(300)
async def test_a_release_that_watches_one_namespace_does_its_job_there_and_touches_nothing_else(
    cluster: Cluster, installed: Install, pagerduty: PagerDutySimulator
) -> None:
    names = random_names()
    stage = await installed(names.namespace)
    await stage.kube.make_namespace(names.innocent_namespace)
    elsewhere = integration(
        names.innocent_namespace, "untouched", api_url=pagerduty.url, service=names.innocent, service_id="P0"
    )
    await stage.kube.apply(GROUP, names.innocent_namespace, PLURAL, elsewhere)
    walkthrough = Walkthrough(stage, names, print)
    try:
        assert await check_note(walkthrough, await walkthrough.run()) == []
    finally:
        await walkthrough.end()
    found = await stage.kube.get(GROUP, names.innocent_namespace, PLURAL, "untouched")
    assert found is not None
    assert "status" not in found
    assert await stage.kube.list("/api/v1", names.innocent_namespace, "secrets") == []
    for program in (stage.release.operator, stage.release.receiver):
        assert forbidden_lines(program.log) == []
    bound = cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name").split()
    assert [name for name in bound if name.endswith(stage.release.namespace)] == []


def test_a_watched_namespace_that_does_not_exist_stops_the_installation(helm: Helm, namespace: str) -> None:
    with pytest.raises(LocalKubeError, match="no-such-namespace"):
        helm(
            "install",
            "noctuary",
            str(CHART),
            "--namespace",
            namespace,
            "--set",
            "watchNamespaces={no-such-namespace}",
        )
