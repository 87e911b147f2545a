"""One holder at a time, on a real API server."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from noctuary.kube.client import MERGE, KubeClient
from noctuary.kube.lease import Lease
from testbed.localkube import Cluster

DEADLINE_S = 60


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[KubeClient]:
    connected = await KubeClient.connect(cluster.kubeconfig)
    yield connected
    await connected.close()


def lease(client: KubeClient, namespace: str, identity: str) -> Lease:
    return Lease(client, namespace, "one", identity, duration_s=1, renew_s=0.2)


async def test_a_second_holder_waits_until_the_first_gives_it_back(client: KubeClient, namespace: str) -> None:
    first, second = lease(client, namespace, "first"), lease(client, namespace, "second")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire())
    done, _ = await asyncio.wait([waiting], timeout=2.5)
    assert (done, first.held, second.held) == (set(), True, False)
    await first.release()
    await asyncio.wait_for(waiting, DEADLINE_S)
    assert second.held
    await second.release()


async def test_the_lease_of_a_holder_that_died_is_taken_over(client: KubeClient, namespace: str) -> None:
    first, second = lease(client, namespace, "first"), lease(client, namespace, "second")
    await first.acquire()
    assert first._task is not None
    first._task.cancel()
    await asyncio.wait_for(second.acquire(), DEADLINE_S)
    await second.release()


async def test_a_holder_sees_that_another_name_stands_in_it(client: KubeClient, namespace: str) -> None:
    first = lease(client, namespace, "first")
    await first.acquire()
    patch = msgspec.json.encode({"spec": {"holderIdentity": "another"}})
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/one"
    await client.request("PATCH", path, body=patch, content_type=MERGE)
    await asyncio.wait_for(first.lost, DEADLINE_S)
    assert not first.held
    await first.release()
