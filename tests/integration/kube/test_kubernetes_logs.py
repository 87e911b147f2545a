"""Logs are read under the receiver's own account through a real API server, which asks the kubelet."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from noctuary.common.errors import KubernetesError
from noctuary.incidents.evidence.last_words import with_last_words
from noctuary.kube.client import KubeClient
from noctuary.models import details
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import LogRequest
from noctuary.sources.kubernetes.containers.log_reader import FEW_LINES, LIMIT_BYTES, TAIL_LINES, make_log_reader
from noctuary.sources.kubernetes.live_reader import make_live_reader
from testbed.stage.kubelet_logs import KubeletLogs
from testbed.stage.log_canaries import logs_with_secrets
from testbed.watched_cluster import WatchedCluster

LOG = "2026/11/21 10:00:00 starting\n2026/11/21 10:00:01 open /etc/app/config.yaml: no such file or directory\n"


@pytest.fixture
async def kubelet(world: WatchedCluster, node: str, tmp_path: Path) -> AsyncIterator[KubeletLogs]:
    async with KubeletLogs().serving(tmp_path) as kubelet:
        await world.patch(f"/api/v1/nodes/{node}/status", {"status": kubelet.status()})
        yield kubelet


@pytest.fixture
async def pod(world: WatchedCluster, node: str) -> dict[str, Any]:
    """A pod that crashes again and again."""
    await world.roll_out("shop", "shop:1")
    found = await world.a_pod("shop")
    await world.bind(found, node)
    last = {"terminated": {"exitCode": 1, "reason": "Error"}}
    await world.report_container(found, {"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=3, lastState=last)
    return found


@pytest.fixture
async def kube(world: WatchedCluster) -> AsyncIterator[KubeClient]:
    client = await KubeClient.connect(world.receiver_kubeconfig)
    yield client
    await client.close()


def name_of(world: WatchedCluster, pod: dict[str, Any], *, previous: bool = True) -> str:
    tail = ".previous" if previous else ""
    return f"{world.namespace}/{pod['metadata']['name']}/{pod['spec']['containers'][0]['name']}{tail}"


def request_of(world: WatchedCluster, pod: dict[str, Any], *, previous: bool = True) -> LogRequest:
    return LogRequest(world.namespace, pod["metadata"]["name"], pod["spec"]["containers"][0]["name"], previous)


async def test_the_run_before_is_read_and_nothing_else(
    world: WatchedCluster, pod: dict[str, Any], kubelet: KubeletLogs, kube: KubeClient
) -> None:
    kubelet.logs[name_of(world, pod)] = LOG
    assert await make_log_reader(kube)(request_of(world, pod)) == LOG.splitlines()
    assert await make_log_reader(kube)(request_of(world, pod, previous=False)) is None
    assert f"tailLines={TAIL_LINES}" in kubelet.asked[0]
    assert f"limitBytes={LIMIT_BYTES}" in kubelet.asked[0]


async def test_of_long_lines_the_last_ones_are_read(
    world: WatchedCluster, pod: dict[str, Any], kubelet: KubeletLogs, kube: KubeClient
) -> None:
    kubelet.logs[name_of(world, pod)] = f"{'x' * 1000}\n" * 60 + LOG
    found = await make_log_reader(kube)(request_of(world, pod))
    assert found is not None
    assert (len(found), found[-1]) == (FEW_LINES, LOG.splitlines()[-1])


async def test_a_pod_that_is_gone_has_no_log(world: WatchedCluster, kube: KubeClient) -> None:
    assert await make_log_reader(kube)(LogRequest(world.namespace, "gone", "app")) is None


async def test_another_namespace_than_the_watched_is_not_asked(world: WatchedCluster, kube: KubeClient) -> None:
    assert await make_log_reader(kube, {"other"})(LogRequest(world.namespace, "any", "app")) is None


async def test_who_lacks_the_right_is_refused(world: WatchedCluster, pod: dict[str, Any]) -> None:
    stranger = await KubeClient.connect(world.stranger_kubeconfig())
    with pytest.raises(KubernetesError) as refused:
        await make_log_reader(stranger)(request_of(world, pod))
    await stranger.close()
    assert refused.value.status == 403


@pytest.mark.parametrize("log", [LOG, *(log for log, _ in list(logs_with_secrets())[::40])])
async def test_the_live_view_and_the_log_tell_why_without_a_secret(
    world: WatchedCluster, pod: dict[str, Any], kubelet: KubeletLogs, kube: KubeClient, log: str
) -> None:
    kubelet.logs[name_of(world, pod)] = log
    services = [ServiceView("shop", Relation.OWN, world.namespace, [world.namespace])]
    view = await make_live_reader(kube, namespaces_s=10)(services)
    assert view is not None
    gaps: list[str] = []
    events = await with_last_words(make_log_reader(kube), view.events, services, view.pods, None, gaps)
    assert gaps == []
    assert [event for event in events if details.LOG_REASON in event.details]
    assert not [secret for _, secret in logs_with_secrets() if secret in str(events)]
