"""Everything a run needs, put up together and removed together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.kube import Kube
from testbed.stage.release import StagedRelease
from testbed.stage.user import User


@dataclass(frozen=True)
class Stage:
    """A release whose programs run, an administrator's client and a user."""

    release: StagedRelease
    kube: Kube
    pagerduty: PagerDutySimulator
    user: User

    async def declare(self, namespace: str, name: str) -> str:
        """Let the user set up one integration of one service of the same name; return the PagerDuty service's id."""
        await self.kube.make_namespace(namespace)
        service_id = self.pagerduty.add_service(name)
        await self.user.declare(namespace, name, name, service_id)
        await self.user.subscribe(namespace, name, service_id)
        await self.user.wait_ready(namespace, name)
        return service_id


@asynccontextmanager
async def start_stage(
    cluster: Cluster, pagerduty: PagerDutySimulator, directory: Path, watched: Sequence[str] = ()
) -> AsyncIterator[Stage]:
    """Install a release, start both programs, and end them whatever happens; with `watched` it sees these only."""
    release = StagedRelease(cluster, pagerduty.url, directory, watched=watched)
    kube = await Kube.connect(cluster.kubeconfig)
    try:
        for namespace in watched:
            await kube.make_namespace(namespace)
        await asyncio.to_thread(release.install)
        release.operator.start()
        release.receiver.start()
        yield Stage(release, kube, pagerduty, User(kube, pagerduty, release))
    finally:
        await asyncio.to_thread(release.stop)
        await kube.drop_namespaces()
        await kube.close()
