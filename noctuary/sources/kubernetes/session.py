"""One session of watching: from a list of everything until the Lease is lost or the queue overflowed."""

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec
import structlog

from noctuary.common.metrics import Metrics
from noctuary.kube.client import KubeClient
from noctuary.kube.reflector import STALL_GRACE_S, WATCH_TIMEOUT_S, Reflector, Sink
from noctuary.kube.unreadable import UNKNOWN_OR_CLOSED, Unreadable
from noctuary.sources.kubernetes.namespace_watches import NamespaceWatches
from noctuary.sources.kubernetes.writer import QUEUE_LIMIT, Writer
from noctuary.store.interface import Store
from noctuary.store.rows import Baseline

log = structlog.get_logger()

GAUGE_PERIOD_S = 2.0
"""How often the gauges are set: scrapes come every 15 s or less often."""
GRANT = "grant the receiver `list` and `watch` of it, as the roles of the chart do"
"""What a person does about a watch that is refused."""

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
        unwatched: Collection[str] = (),
    ) -> None:
        self._kube = kube
        self._metrics = metrics
        self._timings = timings
        self.writer = Writer(store, metrics, timings.queue_limit)
        self._restarts: dict[str, int] = {}
        self._unreadable = Unreadable()
        self._refused: set[str] = set()
        self._watches = [
            NamespaceWatches(name, self._reflector, self.writer, baselines, unwatched) for name in namespaces or ("",)
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

    def _log_refusals(self) -> None:
        """Log each namespace, or else each resource, that the API server closed to us or opened again."""
        refused: set[str] = set()
        for each in self._watches:
            if each.namespace:
                self._unreadable.note(each.namespace, UNKNOWN_OR_CLOSED if each.is_closed else None)
            refused |= set() if each.is_closed else each.refused
        for resource in sorted(refused - self._refused):
            log.warning("The API server does not let us watch this, the rest is served", resource=resource, fix=GRANT)
        for resource in sorted(self._refused - refused):
            log.info("No longer refused", resource=resource)
        self._refused = refused

    async def _export(self) -> None:
        """Keep the gauges of the watches current, and log what is closed to us."""
        began_at = time.monotonic()
        try:
            while True:
                self._log_refusals()
                closed = {name for each in self._watches if each.is_closed for name in each.refused}
                for resource, health in self.health.items():
                    if health.is_absent:  # no CRD defines it: nothing of it is old
                        with suppress(KeyError):
                            self._metrics.watch_age_seconds.remove(resource)
                    elif health.synced.is_set():
                        self._metrics.watch_age_seconds.labels(resource).set(health.age_s())
                    elif resource not in closed:  # it was never current: the alert is to say so
                        self._metrics.watch_age_seconds.labels(resource).set(time.monotonic() - began_at)
                    restarts = health.restarts - self._restarts.get(resource, 0)
                    self._metrics.watch_restarts.labels(resource).inc(restarts)
                    self._restarts[resource] = health.restarts
                await asyncio.sleep(GAUGE_PERIOD_S)
        finally:
            for resource in self.health:
                with suppress(KeyError):
                    self._metrics.watch_age_seconds.remove(resource)
