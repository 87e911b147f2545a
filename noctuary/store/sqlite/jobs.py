"""Work that an event loop hands to a thread of the store, in two lanes, and how its answer comes back."""

import asyncio
import queue
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
Together = Callable[[sqlite3.Connection, list[Any]], list[Any]]

MAX_BATCH = 1_000
"""Jobs in one transaction: bounds how long the first one waits for the last."""
MAX_EVENT_ROWS = 500
"""Rows of events in one transaction: some milliseconds, which is what a webhook that comes meanwhile waits."""
MAX_EVENT_ROWS_BESIDE = 250
"""Rows of events in a transaction that holds webhooks, incidents or notes, and the most that one job should have. Only
every second of those holds any, so that a webhook waits for no events but those that were begun before it came."""


class Bulk(NamedTuple):
    """Rows that may wait: `together` does the arguments of many jobs at once, and answers each (None: none does).

    What is upkeep goes before the events that wait: one piece of it between two transactions of them, so that they
    never come faster than what is over is deleted.
    """

    together: Together | None
    argument: Any
    rows: int
    is_upkeep: bool = False


class Job(NamedTuple, Generic[T]):
    """Work that waits; `size_bytes` is what it holds in memory meanwhile. What has a `bulk` goes in the second lane."""

    work: Work[T]
    future: "asyncio.Future[T]"
    size_bytes: int = 0
    bulk: Bulk | None = None

    @property
    def rows(self) -> int:
        """Return how many rows it writes in bulk."""
        return 0 if self.bulk is None else self.bulk.rows


class Outcome(NamedTuple):
    """What became of a job: its value or its error."""

    job: Job[Any]
    value: Any
    error: BaseException | None

    def settle(self) -> None:
        """Answer whoever waits; runs in the event loop."""
        future = self.job.future
        if future.cancelled():
            return
        if self.error is None:
            future.set_result(self.value)
        else:
            future.set_exception(self.error)


class Lanes:
    """Jobs that wait for the writer: those of incidents first, those in bulk a little at a time beside them."""

    def __init__(self) -> None:
        self._first: deque[Job[Any]] = deque()
        self._bulk: deque[Job[Any]] = deque()
        self._tokens: queue.SimpleQueue[bool] = queue.SimpleQueue()
        """One for each job that waits, given after the job was: whoever has one finds a job."""
        self._has_bulk_waited = False

    def put(self, job: Job[Any]) -> None:
        """Add a job at the end of its lane; upkeep, of which one piece is under way at a time, at its beginning."""
        if job.bulk is not None and job.bulk.is_upkeep:
            self._bulk.appendleft(job)
        else:
            (self._first if job.bulk is None else self._bulk).append(job)
        self._tokens.put(True)

    def close(self) -> None:
        """Let `take` return nothing once all that waits was taken; nothing is put any more."""
        self._tokens.put(False)

    def take(self) -> list[Job[Any]]:
        """Wait for jobs and return those of the next transaction; none once closed and empty."""
        if not self._tokens.get():
            return []
        taken = [self._first.popleft() for _ in range(min(len(self._first), MAX_BATCH))]
        if taken and not self._has_bulk_waited:
            self._has_bulk_waited = bool(self._bulk)
        else:
            taken += self._take_bulk(MAX_EVENT_ROWS_BESIDE if taken else MAX_EVENT_ROWS)
        for _ in taken[1:]:
            self._tokens.get()
        return taken

    def _take_bulk(self, limit: int) -> Iterator[Job[Any]]:
        self._has_bulk_waited = False
        rows = 0
        while self._bulk and (rows == 0 or rows + self._bulk[0].rows <= limit):
            rows += self._bulk[0].rows
            yield self._bulk.popleft()


def in_groups(jobs: list[Job[Any]]) -> Iterator[list[Job[Any]]]:
    """Split jobs into those that are done together and those that are done alone, in their order."""
    for together, group in groupby(jobs, key=lambda job: job.bulk and job.bulk.together):
        if together is None:
            yield from ([job] for job in group)
        else:
            yield list(group)
