"""Rollouts and scalings, made by the real controllers."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from noctuary.common.clock import parse_time
from noctuary.models import details
from testbed.watched_cluster import WatchedCluster, ref_of


def deployment_path(world: WatchedCluster, name: str) -> str:
    return f"/apis/apps/v1/namespaces/{world.namespace}/deployments/{name}"


async def test_a_rollout_is_one_event_that_names_both_images_and_revisions(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1", env={"POOL": "10"})
    await world.a_pod("shop")
    async with world.watching():
        await world.roll_out("shop", "shop:2", env={"POOL": "50"})
        event = await world.event("deploy")
        await world.caught_up()
        assert len(await world.events("deploy")) == 1
    pod = await world.a_pod("shop", "shop:2")
    assert event.details[details.PREVIOUS_IMAGE] == "shop:1"
    assert event.details[details.IMAGE] == "shop:2"
    assert (event.details[details.PREVIOUS_REVISION], event.details[details.REVISION]) == ("1", "2")
    assert event.details[details.CHANGED] == "image, env POOL"
    assert event.details[details.TEMPLATE_HASH] == pod["metadata"]["labels"]["pod-template-hash"]
    assert event.actor == "tests"
    assert ref_of(event).workload_name == "shop"


async def test_a_rollback_is_a_rollout(world: WatchedCluster) -> None:
    for image in ("shop:1", "shop:2"):
        await world.roll_out("shop", image)
        await world.a_pod("shop", image)
    async with world.watching():
        await world.roll_out("shop", "shop:1")
        event = await world.event("deploy")
    assert (event.old_value, event.new_value) == ("shop:2", "shop:1")
    assert (event.details[details.PREVIOUS_REVISION], event.details[details.REVISION]) == ("2", "3")


async def test_the_first_start_ever_tells_of_no_rollout(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    async with world.watching():
        await world.caught_up()
        assert await world.events("deploy") == []


async def test_a_rollout_while_nobody_watched_is_found_and_dated_by_its_replica_set(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    async with world.watching():
        pass
    await world.roll_out("shop", "shop:2")
    await world.a_pod("shop", "shop:2")
    async with world.watching():
        event = await world.event("deploy")
    sets = msgspec.json.decode(await world.admin.get(f"/apis/apps/v1/namespaces/{world.namespace}/replicasets"))
    created = max(each["metadata"]["creationTimestamp"] for each in sets["items"])
    assert (event.old_value, event.new_value) == ("shop:1", "shop:2")
    assert event.timestamp == parse_time(created)


async def test_a_workload_made_while_nobody_watched_is_new(world: WatchedCluster) -> None:
    async with world.watching():
        pass
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    async with world.watching():
        event = await world.event("deploy")
    assert (event.old_value, event.new_value) == (None, "shop:1")


async def test_a_restart_without_a_change_tells_nothing_and_counts_nothing(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    async with world.watching():
        await world.roll_out("shop", "shop:2")
        first = await world.event("deploy")
    async with world.watching():
        await world.caught_up()
        assert [(e.id, e.count) for e in await world.events("deploy")] == [(first.id, 1)]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
async def test_other_workloads_roll_out_too(
    world: WatchedCluster, make_workload: Callable[..., dict[str, Any]], kind: str
) -> None:
    plural = f"{kind.lower()}s"
    async with world.watching():
        await world.apply("/apis/apps/v1", plural, make_workload(kind, "db", "db:1"))
        assert (await world.event("db:1")).event_type == "deploy"
        await world.apply("/apis/apps/v1", plural, make_workload(kind, "db", "db:2"))
        event = await world.event("db:2")
    assert event.details[details.PREVIOUS_IMAGE] == "db:1"
    assert event.details[details.CHANGED] == "image"


async def test_scaling_is_an_event_of_its_own(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1", replicas=1)
    await world.a_pod("shop")
    async with world.watching():
        await world.patch(deployment_path(world, "shop"), {"spec": {"replicas": 3}})
        event = await world.event("scale_event")
        assert await world.events("deploy") == []
    assert (event.old_value, event.new_value) == ("1", "3")
