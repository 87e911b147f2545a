"""The cluster as a source of ContextEvents: one receiver watches it, the others stand by."""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import structlog

from noctuary.common.errors import StoreUnavailable
from noctuary.common.metrics import Metrics
from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import Health
from noctuary.sources.kubernetes.session import WatchSession, WatchTimings
from noctuary.store.interface import Store
from noctuary.store.rows import Baseline

log = structlog.get_logger()

LEASE_NAME = "noctuary-kubernetes-source"
STORE_PAUSE_S = 1.0
"""Between attempts to read the baselines while the store is away."""


class HeldLease(Protocol):
    """What we ask of a Lease; one that was lost is not taken again, a new one is made."""

    lost: asyncio.Future[None]

    async def acquire(self) -> None:
        """Wait until we hold it."""

    async def release(self) -> None:
        """Give it back."""


class KubernetesSource:
    """Watches the cluster, or single namespaces of it, while it holds the Lease; `run` ends only by cancellation."""

    def __init__(
        self,
        kube: KubeClient,
        store: Store,
        metrics: Metrics,
        new_lease: Callable[[], HeldLease],
        timings: WatchTimings | None = None,
        namespaces: Sequence[str] = (),
        unwatched: Collection[str] = (),
    ) -> None:
        """Make a source that does not watch the optional kinds which `unwatched` names by their plurals."""
        self._kube = kube
        self._store = store
        self._metrics = metrics
        self._new_lease = new_lease
        self._timings = timings or WatchTimings()
        self._namespaces = namespaces
        self._unwatched = unwatched
        self._session: WatchSession | None = None

    def health(self) -> dict[str, Health]:
        """Return the health of each watch by resource name; none while we stand by."""
        return dict(self._session.health) if self._session else {}

    async def run(self) -> None:
        """Stand by, watch, and stand by again when the Lease is lost."""
        while True:
            lease = self._new_lease()
            await lease.acquire()
            try:
                while not lease.lost.done():
                    await self._watch(lease.lost)
            finally:
                await lease.release()

    async def _watch(self, lost: asyncio.Future[None]) -> None:
        baselines = await self._baselines()
        log.info("Watching the cluster", baselines=len(baselines), namespaces=list(self._namespaces) or "all")
        self._session = WatchSession(
            self._kube, self._store, self._metrics, baselines, self._timings, self._namespaces, self._unwatched
        )
        self._metrics.watching.set(1)
        try:
            await self._session.run(lost)
        finally:
            self._session = None
            self._metrics.watching.set(0)
            log.info("Stopped watching the cluster")

    async def _baselines(self) -> list[Baseline]:
        while True:
            try:
                return await self._store.baselines()
            except StoreUnavailable as error:
                log.warning("Store not available, waiting before watching the cluster", error=str(error))
                await asyncio.sleep(STORE_PAUSE_S * random.uniform(0.7, 1.3))  # noqa: S311 - jitter, no secret
