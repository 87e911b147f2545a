"""The source at work under the receiver's own account, on a real API server and a real store."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from noctuary.kube.client import KubeClient
from noctuary.store.sqlite.store import SqliteStore
from testbed.localkube import Cluster, Identities
from testbed.watched_cluster import WatchedCluster, workload


@pytest.fixture
async def world(
    cluster: Cluster, namespace: str, granted: Callable[[str], Identities], tmp_path: Path
) -> AsyncIterator[WatchedCluster]:
    """A world of the test's own."""
    receiver = granted(namespace).receiver
    admin = await KubeClient.connect(cluster.kubeconfig)
    store = await SqliteStore.open(tmp_path / "store")
    yield WatchedCluster(admin, receiver, namespace, store, cluster)
    await store.close()
    await admin.close()


@pytest.fixture
def make_workload() -> Callable[..., dict[str, Any]]:
    """Makes the manifest of a workload."""
    return workload


@pytest.fixture
async def node(world: WatchedCluster) -> AsyncIterator[str]:
    """A node that no kubelet stands behind."""
    name = f"node-{world.namespace}"
    await world.admin.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    yield name
    await world.admin.delete(f"/api/v1/nodes/{name}")
