"""What a run stands on: a PagerDuty, the release that is measured, a user of it, all beside the cluster."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from testbed.kind.state import ClusterRecord
from testbed.live.cluster import LiveCluster, open_cluster
from testbed.live.release import TreeRelease, borrowed
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.kube import Kube
from testbed.stage.user import User

THREADS = 24
"""Scenarios mostly wait; two cores' default of six threads would make them wait for each other."""


@dataclass(frozen=True)
class Bench:
    """Everything that a run needs, put up."""

    cluster: LiveCluster
    kube: Kube
    pagerduty: PagerDutySimulator
    release: TreeRelease
    user: User
    token: str


@contextlib.asynccontextmanager
async def open_bench(facts: ClusterRecord, tree: Path) -> AsyncIterator[Bench]:
    """Start a PagerDuty and the release of a tree beside the cluster, and end them whatever happens."""
    with TemporaryDirectory(prefix="noctuary-live-") as directory, open_cluster(facts) as cluster:
        borrowed_cluster = borrowed(facts, Path(directory))
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        kube = await Kube.connect(borrowed_cluster.kubeconfig)
        async with PagerDutySimulator(requests_per_minute=None) as pagerduty:
            release = TreeRelease(borrowed_cluster, pagerduty.url, Path(directory) / "release", tree)
            try:
                await asyncio.to_thread(release.install)
                user = User(kube, pagerduty, release)
                yield Bench(cluster, kube, pagerduty, release, user, pagerduty.add_token())
            finally:
                cluster.ended.set()
                await asyncio.to_thread(release.remove)
                await kube.drop_namespaces()
                await kube.close()
