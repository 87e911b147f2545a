"""Everything a run needs, put up together and removed together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.localkube import Cluster
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.kube import Kube
from testbed.stage.person import Person
from testbed.stage.release import StagedRelease


@dataclass(frozen=True)
class Stage:
    """A release whose programs run, an administrator's client and a person."""

    release: StagedRelease
    kube: Kube
    pagerduty: PagerDutySimulator
    person: Person

    async def declare(self, namespace: str, name: str) -> str:
        """Let a person set up one integration of one service of the same name; return the PagerDuty service's id."""
        await self.kube.make_namespace(namespace)
        service_id = self.pagerduty.add_service(name)
        await self.person.declare(namespace, name, name, service_id)
        await self.person.subscribe(namespace, name, service_id)
        await self.person.wait_ready(namespace, name)
        return service_id


@asynccontextmanager
async def set_stage(
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
        yield Stage(release, kube, pagerduty, Person(kube, pagerduty, release))
    finally:
        await asyncio.to_thread(release.stop)
        await kube.drop_namespaces()
        await kube.close()
