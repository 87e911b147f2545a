"""Work that an event loop hands to a thread of the store, and how its answer comes back."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class Job(NamedTuple, Generic[T]):
    """Work that waits; `size_bytes` is what it holds in memory meanwhile."""

    work: Work[T]
    future: "asyncio.Future[T]"
    size_bytes: int = 0


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
