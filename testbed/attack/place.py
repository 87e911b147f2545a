"""The place of the attacks: one release of real programs on a real API server, tenants with Roles of their own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from testbed.attack.accounts import Accounts, AttackedAccount
from testbed.attack.tenant import Tenant
from testbed.localkube import Cluster, grant
from testbed.polling import until
from testbed.stage.kube import Kube
from testbed.stage.release import ROOT, StagedRelease

PATIENT = {"NOCTUARY_LEASE_DURATION_S": "60", "NOCTUARY_LEASE_RENEW_S": "5"}
"""Nobody starts the operator again here: it must not end because this machine kept it waiting for its Lease."""

THIS_TREE = {"PYTHONPATH": f"{ROOT}:{ROOT / 'operator'}"}
"""What is attacked is the tree that this file is of, whatever is installed."""


@dataclass
class Place:
    """A running release, the administrator's client, and the PagerDuty of all accounts."""

    cluster: Cluster
    directory: Path
    release: StagedRelease
    kube: Kube
    accounts: Accounts
    http: httpx.AsyncClient
    tenants: list[Tenant] = field(default_factory=list)

    @property
    def public_url(self) -> str:
        """Where everybody's webhooks and events are taken."""
        return f"http://127.0.0.1:{self.release.public_port}"

    async def tenant(self, name: str, account: AttackedAccount) -> Tenant:
        """Make a namespace whose people may write integrations and Secrets there and nothing else."""
        made = await Tenant.make(self.cluster, self.directory, self.kube, f"{self.release.namespace}-{name}", account)
        made.public_port = self.release.public_port
        self.tenants.append(made)
        return made

    async def is_ready(self) -> bool:
        """Whether the receiver says that it would take webhooks."""
        return await _answers(self.http, f"http://127.0.0.1:{self.release.internal_port}/readyz")

    async def is_alive(self) -> bool:
        """Whether both programs say that no restart would help them."""
        ports = (self.release.internal_port, self.release.operator_port)
        return all([await _answers(self.http, f"http://127.0.0.1:{port}/healthz") for port in ports])


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def open_place(
    cluster: Cluster, accounts: Accounts, directory: Path, receiver: Mapping[str, str] = {}
) -> AsyncIterator[Place]:
    """Install a release, start both programs, and end them with every namespace that was made, whatever happens."""
    release = StagedRelease(cluster, accounts.url, directory, log_level="info")
    async with AsyncExitStack() as stack:
        kube = await Kube.connect(cluster.kubeconfig)
        stack.push_async_callback(kube.close)
        stack.push_async_callback(kube.drop_namespaces)
        stack.push_async_callback(asyncio.to_thread, release.stop)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=5.0, trust_env=False))
        place = Place(cluster, directory, release, kube, accounts, http)
        stack.push_async_callback(_log_out, place)
        await asyncio.to_thread(_install, release, cluster, receiver)
        release.operator.start()
        release.receiver.start()
        await until("the receiver is ready", place.is_ready)
        yield place


def _install(release: StagedRelease, cluster: Cluster, receiver: Mapping[str, str]) -> None:
    cluster.kubectl("create", "namespace", release.namespace)
    release.prepare(
        grant(cluster, release.namespace, token_file=True),
        operator=PATIENT | THIS_TREE,
        receiver={**receiver, **THIS_TREE},
    )


async def _log_out(place: Place) -> None:
    for tenant in place.tenants:
        await tenant.kube.close()
