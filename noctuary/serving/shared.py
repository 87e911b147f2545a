"""What is costly to make is made once for all who ask within a moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_SCRAPE_AGE_S = 1.0
"""Prometheus asks every 15 s or so, of several replicas at the same moment."""


class Shared(Generic[T]):
    """A value that is made when somebody asks, never twice at a time, and again when it has become too old."""

    def __init__(self, make: Callable[[], Awaitable[T]], max_age_s: float) -> None:
        self._make = make
        self._max_age_s = max_age_s
        self._began_at = 0.0
        self._made: asyncio.Future[T] | None = None

    async def get(self) -> T:
        """Return it, as it was at most `max_age_s` ago or is being made; raise what making it raised."""
        if self._made is None or (self._made.done() and self._is_over(self._made)):
            self._began_at = time.monotonic()
            self._made = asyncio.ensure_future(self._make())
        return await asyncio.shield(self._made)  # who goes away takes it from nobody

    def _is_over(self, made: "asyncio.Future[T]") -> bool:
        is_old = time.monotonic() - self._began_at >= self._max_age_s
        return is_old or made.cancelled() or made.exception() is not None
