"""Writes events to the store: a bounded queue that never makes a watch wait, in batches that are retried."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.backoff import Backoff
from noctuary.common.errors import StoreUnavailable
from noctuary.common.metrics import Metrics
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes import SOURCE
from noctuary.sources.kubernetes.draft import clamp
from noctuary.store.changes import Mutation, SaveBaseline
from noctuary.store.interface import Store
from noctuary.store.limits import Added, Quota

log = structlog.get_logger()

QUEUE_LIMIT = 20_000
"""Events that may wait while the store is away: about 40 MB, and minutes of a very bad day."""
USUAL_BYTES = 2048
"""What an event or a baseline has at most, mostly; a larger one counts as several."""
BATCH_LIMIT = 500
"""Events per commit: bounds how long the store's one writer thread is busy."""
RETRY = Backoff(first_s=0.2, longest_s=5.0)
"""Between attempts to write: the queue bridges minutes, so no pause may be long."""

T = TypeVar("T")


class _Item(msgspec.Struct):
    events: list[ContextEvent]
    changes: list[Mutation]
    is_live: bool
    weight: int


class EventQueue(Protocol):
    """Where sinks put events, and what to remember with them; must not block."""

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:
        """Queue events, then changes that are committed after them; `is_live`: just seen by a watch, not listed."""


class Writer:
    """Queues events and what to remember with them. Once `overflowed` is set everything must be listed again."""

    def __init__(self, store: Store, metrics: Metrics, queue_limit: int = QUEUE_LIMIT) -> None:
        self._store = store
        self._metrics = metrics
        self._queue_limit = queue_limit
        self._queue: deque[_Item] = deque()
        self._weight = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.overflowed = asyncio.Event()

    def offer(self, events: list[ContextEvent], changes: list[Mutation], *, is_live: bool) -> None:
        """Queue events, then changes that are committed after them; drop them when the queue is full."""
        if not events and not changes:
            return
        weight = sum(map(_weight_of_event, events)) + sum(map(_weight_of_change, changes))
        if self.overflowed.is_set() or self._weight + weight > self._queue_limit:
            self._overflow(len(events) + len(changes))
            return
        self._queue.append(_Item(events, changes, is_live, weight))
        self._weight += weight
        self._idle.clear()
        self._wake.set()

    def _overflow(self, dropped: int) -> None:
        self._metrics.events.labels(SOURCE, "refused").inc(dropped)
        if not self.overflowed.is_set():
            log.warning("Queue to the store is full, everything will be listed again", limit=self._queue_limit)
            self.overflowed.set()

    async def drained(self) -> None:
        """Wait until all that was queued is stored."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write what is offered, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._write(self._next_batch())
            self._idle.set()

    def _next_batch(self) -> list[_Item]:
        batch: list[_Item] = []
        size = 0
        while self._queue and (not batch or size + self._queue[0].weight <= BATCH_LIMIT):
            item = self._queue.popleft()
            size += item.weight
            batch.append(item)
        self._weight -= size
        return batch

    async def _write(self, batch: list[_Item]) -> None:
        now = clock.now()
        events = [clamp(event, now) for item in batch for event in item.events]
        changes = [change for item in batch for change in item.changes]
        if events:
            added = await self._until_stored(lambda: self._store.add_events(events))
            self._count(batch, added)
        if changes:
            await self._until_stored(lambda: self._store.commit(*changes))

    async def _until_stored(self, write: Callable[[], Awaitable[T]]) -> T:
        failures = 0
        while True:
            try:
                return await write()
            except StoreUnavailable as error:
                failures += 1
                log.warning("Store not available, retrying", waiting=self._weight, failures=failures, error=str(error))
                await asyncio.sleep(RETRY.pause_s(failures))

    def _count(self, batch: list[_Item], added: list[Added]) -> None:
        now = clock.now()
        for outcome, is_new in (("stored", True), ("repeated", False)):
            self._metrics.events.labels(SOURCE, outcome).inc(added.count(is_new))
        if over := sum(isinstance(each, Quota) for each in added):
            self._metrics.events.labels(SOURCE, "refused").inc(over)
        for item in batch:
            if item.is_live:
                for event in item.events:
                    self._metrics.watch_lag_seconds.observe(max(0.0, now - event.last_seen))


def _weight_of_event(event: ContextEvent) -> int:
    """Return for how many usual ones an event counts, by what makes one large: its details and labels."""
    labels = event.object.labels if event.object is not None else {}
    texts = (*event.details.values(), *labels, *labels.values())
    return 1 + sum(map(len, texts)) // USUAL_BYTES


def _weight_of_change(change: Mutation) -> int:
    return 1 + len(change.baseline.state) // USUAL_BYTES if isinstance(change, SaveBaseline) else 1
