"""One holder, a store that fails, and the live view."""

import asyncio
from typing import Any

import pytest

from noctuary.common.clock import format_time, now
from noctuary.common.errors import KubernetesError, StoreUnavailable
from noctuary.kube.client import KubeClient
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import LiveView
from noctuary.sources.kubernetes.live_reader import make_live_reader
from noctuary.sources.kubernetes.session import WatchTimings
from noctuary.store.limits import Added
from testbed.polling import until
from testbed.watched_cluster import WatchedCluster, ref_of, session_of

CRASHING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
ENDED = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": format_time(now())}}


async def test_one_receiver_watches_and_the_next_takes_over(world: WatchedCluster) -> None:
    async with world.watching() as first, world.watching(identity="receiver-1", synced=False) as second:
        await world.caught_up()
        assert (bool(first.health()), bool(second.health())) == (True, False)
    async with world.watching(identity="receiver-1") as second:
        assert second.health()


async def test_who_loses_the_lease_stops_watching_and_stands_by(world: WatchedCluster) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{world.namespace}/leases/noctuary-kubernetes-source"
    async with world.watching() as source:
        thief = {"spec": {"holderIdentity": "another", "renewTime": "2026-11-21T10:00:00.000000Z"}}
        await world.patch(path, thief)

        async def stands_by() -> bool:
            return not source.health()

        await until("the source standing by", stands_by, bool)
        await world.patch(path, {"spec": {"holderIdentity": ""}})
        await world.synced(source)
        await world.caught_up()


async def test_events_wait_for_a_store_that_is_away(world: WatchedCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    is_away = asyncio.Event()
    break_store(world, monkeypatch, is_away)
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    async with world.watching():
        is_away.set()
        await world.roll_out("shop", "shop:2")
        await world.a_pod("shop", "shop:2")
        is_away.clear()
        assert (await world.event("deploy")).new_value == "shop:2"


async def test_a_queue_that_ran_over_is_made_good_by_a_list(
    world: WatchedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_away = asyncio.Event()
    break_store(world, monkeypatch, is_away)
    pods = await five_pods(world)
    async with world.watching(timings=WatchTimings(watch_timeout_s=2, queue_limit=1000)) as source:
        monkeypatch.setattr(session_of(source).writer, "_queue_limit", 2)
        is_away.set()
        for pod in pods:
            await world.report_container(pod, CRASHING, lastState=ENDED, restartCount=2)
        refused = world.metrics.events.labels("kubernetes", "refused")

        async def ran_over() -> bool:
            return bool(refused._value.get() > 0)

        await until("a queue that ran over", ran_over, bool)
        is_away.clear()

        async def all_told() -> bool:
            return {ref_of(e).name for e in await world.events("CrashLoopBackOff")} == names(pods)

        await until("every crash loop", all_told, bool)


def names(pods: list[dict[str, Any]]) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods}


async def five_pods(world: WatchedCluster) -> list[dict[str, Any]]:
    await world.roll_out("shop", "shop:1", replicas=5)

    async def all_there() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await world.pods("shop")
        return found if len(found) == 5 else []

    pods: list[dict[str, Any]] = await until("five pods", all_there, bool)
    return pods


def break_store(world: WatchedCluster, monkeypatch: pytest.MonkeyPatch, is_away: asyncio.Event) -> None:
    """Let the store refuse events while the flag is set."""
    add_events = world.store.add_events

    async def add(events: list[ContextEvent]) -> list[Added]:
        if is_away.is_set():
            raise StoreUnavailable("the disk is full")
        added: list[Added] = await add_events(events)
        return added

    monkeypatch.setattr(world.store, "add_events", add)


@pytest.mark.parametrize("labels", [{}, {"app.kubernetes.io/name": "shop"}], ids=["by name", "by selector"])
async def test_the_live_view_names_a_rollback_target_and_what_is_wrong(
    world: WatchedCluster, labels: dict[str, str]
) -> None:
    await world.roll_out("other", "other:1")
    for image in ("shop:1", "shop:2"):
        await world.roll_out("shop", image)
        await world.a_pod("shop", image)
    pod = await world.a_pod("shop", "shop:2")
    await world.report_container(pod, CRASHING, lastState=ENDED, restartCount=4)
    view = await live(world, labels)
    first, rollout = [event for event in view.events if event.event_type == "deploy"]
    assert first.new_value == "shop:1"
    assert (rollout.details[details.IMAGE], rollout.details[details.REVISION]) == ("shop:2", "2")
    assert (rollout.details[details.PREVIOUS_IMAGE], rollout.details[details.PREVIOUS_REVISION]) == ("shop:1", "1")
    assert [event.new_value for event in view.events if event.entity == pod["metadata"]["name"]] == ["CrashLoopBackOff"]
    assert pod["metadata"]["name"] in [each.name for each in view.pods]
    assert {(e.event_type, e.new_value) for e in view.events} == {
        ("deploy", "shop:1"),
        ("deploy", "shop:2"),
        ("restart", "CrashLoopBackOff"),
    }


async def test_what_a_pod_still_waits_for_is_of_now_however_long_ago_it_began(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    pod = await world.a_pod("shop")
    long_ago = now() - 3 * 3600
    bound = {"type": "PodScheduled", "status": "True", "lastTransitionTime": format_time(long_ago)}
    await world.report(pod, conditions=[bound])
    await world.report_container(pod, {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}})
    asked_at = now()
    view = await live(world)
    (event,) = [e for e in view.events if e.new_value == "ImagePullBackOff"]
    assert event.timestamp < long_ago + 1 < asked_at <= event.last_seen


async def test_the_live_view_holds_the_nodes_of_its_pods(world: WatchedCluster, node: str) -> None:
    condition = {"type": "Ready", "status": "False", "reason": "KubeletNotReady"}
    await world.patch(f"/api/v1/nodes/{node}/status", {"status": {"conditions": [condition]}})
    await world.roll_out("shop", "shop:1")
    pod = await world.a_pod("shop")
    await world.bind(pod, node)
    view = await live(world)
    assert [e.new_value for e in view.events if e.entity == node] == ["NodeNotReady"]


async def test_a_live_view_that_is_refused_is_an_error(world: WatchedCluster) -> None:
    stranger = await KubeClient.connect(world.stranger_kubeconfig())
    with pytest.raises(KubernetesError, match="403"):
        await make_live_reader(stranger)([shop(world.namespace)])
    await stranger.close()


def shop(namespace: str, labels: dict[str, str] | None = None) -> ServiceView:
    return ServiceView("shop", Relation.OWN, namespace, [namespace], labels or {})


async def live(world: WatchedCluster, labels: dict[str, str] | None = None) -> LiveView:
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    try:
        view = await make_live_reader(kube, namespaces_s=10)([shop(world.namespace, labels)])
    finally:
        await kube.close()
    assert view is not None
    return view
