"""The source where it may see single namespaces only, under the Roles that the chart renders for them."""

import dataclasses
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.sources.kubernetes.live_reader import NODES_UNSEEN, make_limits, make_live_reader
from testbed.localkube import Cluster
from testbed.polling import until
from testbed.watched_cluster import WatchedCluster


@pytest.fixture
async def other(world: WatchedCluster) -> AsyncIterator[WatchedCluster]:
    """A second namespace of the same release; its store is shared, its receiver's account is the release's."""
    name = f"other-{secrets.token_hex(4)}"
    world.cluster.kubectl("create", "namespace", name)
    yield dataclasses.replace(world, namespace=name)
    world.cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def grant_only(world: WatchedCluster, cluster: Cluster, granted: Callable[..., Any]) -> Callable[..., None]:
    """Takes the cluster-wide rights of the receiver away and gives it those of single namespaces."""

    def grant(*namespaces: str) -> None:
        cluster.kubectl("delete", "clusterrolebinding", f"noctuary-receiver-{world.namespace}", "--ignore-not-found")
        granted(world.namespace, watched=namespaces)

    return grant


def service(name: str, namespace: str, relation: Relation = Relation.OWN) -> ServiceView:
    return ServiceView(name, relation, namespace, [namespace])


async def test_two_namespaces_are_watched_and_no_other(
    world: WatchedCluster, other: WatchedCluster, grant_only: Callable[..., None]
) -> None:
    grant_only(world.namespace, other.namespace)
    async with world.watching(namespaces=[world.namespace, other.namespace]) as source:
        await world.roll_out("shop", "shop:1")
        await other.roll_out("search", "search:1")
        await world.event("shop:1")
        await other.event("search:1")
        pod = await other.a_pod("search")
        await other.report_container(pod, {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}})
        await other.warn(pod, "FailedMount", 'configmap "settings" not found')
        assert (await other.event("FailedMount")).service_name == (await other.event("ImagePullBackOff")).service_name
        assert [name for name, health in source.health().items() if health.last_error and not health.is_absent] == []
        assert not any("nodes" in name for name in source.health())


async def test_a_closed_namespace_holds_up_no_other_and_is_watched_once_it_opens(
    world: WatchedCluster, other: WatchedCluster, grant_only: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    grant_only(world.namespace)
    said: list[str] = []

    async def is_said() -> bool:
        said.extend(line for line in capsys.readouterr().out.splitlines() if "Watched namespace cannot be read" in line)
        return bool(said)

    async with world.watching(namespaces=[other.namespace, world.namespace], synced=False) as source:

        async def is_open() -> bool:
            found = [health for name, health in source.health().items() if name.startswith(world.namespace)]
            are_listed = all(each.synced.is_set() or each.is_absent for each in found[:-1])
            return are_listed and bool(await world.store.baselines())

        await until("the open namespace is watched", is_open, bool)
        await world.roll_out("shop", "shop:1")
        await world.event("shop:1")
        await other.roll_out("search", "search:1")
        pod = await world.a_pod("shop")
        await world.warn(pod, "FailedMount", 'configmap "settings" not found')
        await world.event("FailedMount")
        await until("the closed namespace is told of", is_said, bool)
        grant_only(other.namespace)
        await world.synced(source)
        await other.roll_out("search", "search:2")
        await other.event("search:2")
    assert await is_said()
    assert len(said) == 1
    assert other.namespace in said[0]


async def test_what_stands_in_a_namespace_that_is_watched_later_is_no_news(
    world: WatchedCluster, other: WatchedCluster, grant_only: Callable[..., None]
) -> None:
    grant_only(world.namespace, other.namespace)
    async with world.watching(namespaces=[world.namespace]):
        await other.roll_out("search", "search:1")
        await other.a_pod("search", "search:1")
    async with world.watching(namespaces=[world.namespace, other.namespace]):
        await other.roll_out("search", "search:2")
        await other.event("search:2")
    assert [e.new_value for e in await other.events("deploy")] == ["search:2"]


async def test_a_rollout_while_the_release_narrowed_what_it_watches_is_told(
    world: WatchedCluster, grant_only: Callable[..., None]
) -> None:
    async with world.watching():
        await world.roll_out("shop", "shop:1")
        await world.event("shop:1")
    await world.roll_out("shop", "shop:2")
    await world.a_pod("shop", "shop:2")
    grant_only(world.namespace)
    async with world.watching(namespaces=[world.namespace]):
        await world.event("shop:2")


async def test_a_live_view_asks_for_no_node_and_for_nothing_unwatched(
    world: WatchedCluster, other: WatchedCluster, node: str, grant_only: Callable[..., None]
) -> None:
    grant_only(world.namespace)
    await world.roll_out("shop", "shop:1")
    await world.bind(await world.a_pod("shop"), node)
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    read = make_live_reader(kube, [world.namespace], namespaces_s=10)
    services = [service("shop", world.namespace), service("search", other.namespace, Relation.DEPENDENCY)]
    view = await read(services)
    nothing = await read(services[1:])
    await kube.close()
    assert view is not None
    assert ([pod.workload for pod in view.pods], view.gaps, nothing) == (["shop"], [], None)
    unwatched = f"namespace {other.namespace}, because this release does not watch it"
    assert make_limits([world.namespace])(services) == [NODES_UNSEEN, unwatched]


async def test_a_dependency_that_is_refused_costs_a_sentence_and_not_the_whole_view(
    world: WatchedCluster, other: WatchedCluster, grant_only: Callable[..., None]
) -> None:
    grant_only(world.namespace)
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    read = make_live_reader(kube, [world.namespace, other.namespace], namespaces_s=10)
    view = await read([service("shop", world.namespace), service("search", other.namespace, Relation.DEPENDENCY)])
    await kube.close()
    assert view is not None
    assert [pod.workload for pod in view.pods] == ["shop"]
    assert view.gaps == ["search as it is now, because the API server refuses to show it"]
