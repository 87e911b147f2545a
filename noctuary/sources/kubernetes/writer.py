"""The way into the store: a bounded queue that never makes a watch wait, written in batches until it succeeds."""

import asyncio
import random
from collections import deque

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import StoreUnavailable
from noctuary.common.metrics import Metrics
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes import SOURCE
from noctuary.sources.kubernetes.draft import clamp
from noctuary.store.interface import Mutation, Store

log = structlog.get_logger()

QUEUE_LIMIT = 20_000
"""Events that may wait while the store is away: about 40 MB, and minutes of a very bad day."""
BATCH_LIMIT = 500
"""Events per commit: bounds how long the store's one writer thread is taken."""
FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 5.0
"""Pauses between attempts to write grow from the first to the last, with jitter."""


class _Item(msgspec.Struct):
    events: list[ContextEvent]
    changes: list[Mutation]
    is_live: bool


class Writer:
    """Takes events and what to remember with them. Once `overflowed` is set everything must be listed anew."""

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
        """Take events, then changes that are committed after them; drop them when the queue is full."""
        if not events and not changes:
            return
        weight = len(events) + len(changes)
        if self.overflowed.is_set() or self._weight + weight > self._queue_limit:
            self._overflow(weight)
            return
        self._queue.append(_Item(events, changes, is_live))
        self._weight += weight
        self._idle.clear()
        self._wake.set()

    def _overflow(self, dropped: int) -> None:
        self._metrics.events.labels(SOURCE, "refused").inc(dropped)
        if not self.overflowed.is_set():
            log.warning("Queue to the store is full, everything will be listed anew", limit=self._queue_limit)
            self.overflowed.set()

    async def drained(self) -> None:
        """Wait until all that was taken is stored."""
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
        while self._queue and (not batch or size + _weight(self._queue[0]) <= BATCH_LIMIT):
            item = self._queue.popleft()
            size += _weight(item)
            batch.append(item)
        self._weight -= size
        return batch

    async def _write(self, batch: list[_Item]) -> None:
        now = clock.now()
        events = [clamp(event, now) for item in batch for event in item.events]
        changes = [change for item in batch for change in item.changes]
        if events:
            added = await self._persist_events(events)
            self._count(batch, added)
        if changes:
            await self._persist_changes(changes)

    async def _persist_events(self, events: list[ContextEvent]) -> list[bool]:
        attempt = 0
        while True:
            try:
                return await self._store.add_events(events)
            except StoreUnavailable as error:
                attempt += 1
                await self._pause(attempt, error)

    async def _persist_changes(self, changes: list[Mutation]) -> None:
        attempt = 0
        while True:
            try:
                return await self._store.commit(*changes)
            except StoreUnavailable as error:
                attempt += 1
                await self._pause(attempt, error)

    async def _pause(self, attempt: int, error: StoreUnavailable) -> None:
        log.warning("Store not available, events wait", waiting=self._weight, attempt=attempt, error=str(error))
        pause_s = min(LAST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1))
        await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))  # noqa: S311 - jitter, no secret

    def _count(self, batch: list[_Item], added: list[bool]) -> None:
        now = clock.now()
        for outcome, is_new in (("stored", True), ("repeated", False)):
            self._metrics.events.labels(SOURCE, outcome).inc(added.count(is_new))
        for item in batch:
            if item.is_live:
                for event in item.events:
                    self._metrics.watch_lag_seconds.observe(max(0.0, now - event.last_seen))


def _weight(item: _Item) -> int:
    return len(item.events) + len(item.changes)
