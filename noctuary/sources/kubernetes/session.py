"""One session of watching: from a list of everything until the Lease is lost or the queue overflowed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from noctuary.common.metrics import Metrics
from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import STALL_GRACE_S, WATCH_TIMEOUT_S, Reflector, Sink
from noctuary.kube.unreadable import UNKNOWN_OR_CLOSED, Unreadable
from noctuary.sources.kubernetes.namespace_watches import NamespaceWatches
from noctuary.sources.kubernetes.writer import QUEUE_LIMIT, Writer
from noctuary.store.interface import Baseline, Store

GAUGE_PERIOD_S = 2.0
"""How often the gauges are set: scrapes come every 15 s or less often."""

T = TypeVar("T")


class WatchTimings(msgspec.Struct, frozen=True):
    """How long a watch may last and be silent, and how much may wait for the store."""

    watch_timeout_s: int = WATCH_TIMEOUT_S
    stall_grace_s: float = STALL_GRACE_S
    queue_limit: int = QUEUE_LIMIT


class WatchSession:
    """The watches, what they feed, and the writer behind them."""

    def __init__(
        self,
        kube: KubeClient,
        store: Store,
        metrics: Metrics,
        baselines: list[Baseline],
        timings: WatchTimings,
        namespaces: Sequence[str] = (),
    ) -> None:
        self._kube = kube
        self._metrics = metrics
        self._timings = timings
        self.writer = Writer(store, metrics, timings.queue_limit)
        self._restarts: dict[str, int] = {}
        self._unreadable = Unreadable()
        self._watches = [
            NamespaceWatches(name, self._reflector, self.writer, baselines) for name in namespaces or ("",)
        ]
        self.health = {name: health for watches in self._watches for name, health in watches.health.items()}

    def _reflector(self, path: str, kind: type[T], sink: Sink[T], field_selector: str = "") -> Reflector[T]:
        return Reflector(
            self._kube,
            path,
            kind,
            sink,
            field_selector=field_selector,
            watch_timeout_s=self._timings.watch_timeout_s,
            stall_grace_s=self._timings.stall_grace_s,
        )

    async def run(self, lost: asyncio.Future[None]) -> None:
        """Watch until the Lease is lost, or until the queue overflowed and what it held is stored."""
        work = [run for watches in self._watches for run in watches.runs()]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in (*work, self.writer.run(), self._export())]
            overflowed = group.create_task(self._overflowed())
            try:
                await asyncio.wait([lost, overflowed], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (*tasks, overflowed):
                    task.cancel()

    async def _overflowed(self) -> None:
        await self.writer.overflowed.wait()
        await self.writer.drained()

    async def _export(self) -> None:
        """Keep the gauges of the watches current, and log which single namespace is closed to us."""
        try:
            while True:
                for each in filter(lambda each: each.namespace, self._watches):
                    self._unreadable.note(each.namespace, UNKNOWN_OR_CLOSED if each.is_refused else None)
                for resource, health in self.health.items():
                    if health.synced.is_set():
                        self._metrics.watch_age_seconds.labels(resource).set(health.age_s())
                    restarts = health.restarts - self._restarts.get(resource, 0)
                    self._metrics.watch_restarts.labels(resource).inc(restarts)
                    self._restarts[resource] = health.restarts
                await asyncio.sleep(GAUGE_PERIOD_S)
        finally:
            for resource in self.health:
                with suppress(KeyError):
                    self._metrics.watch_age_seconds.remove(resource)
