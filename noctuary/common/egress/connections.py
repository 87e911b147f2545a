"""Connections that are kept between calls, each host's for itself: one that hangs takes no place of another."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from noctuary.common.egress.conversation import Conversation
from noctuary.common.egress.stream import Wire

MAX_PER_ORIGIN = 64
"""More would only wait in PagerDuty's rate limit."""
MAX_CALLS = 256
"""Of all hosts together: far below the limit of open files."""
MAX_IDLE = 64
"""Connections kept of all hosts together."""
KEEPALIVE_S = 30.0
"""A quiet release keeps its connection warm between two pages of one incident."""
Origin = tuple[str, str, int]
"""Scheme, host and port."""
Open = Callable[[Origin, float | None], Awaitable[Wire]]


class _Place:
    """What one origin has: slots for calls, and connections that wait for the next, the latest last."""

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(MAX_PER_ORIGIN)
        self.callers = 0
        self.idle: list[tuple[float, Conversation]] = []


class Connections:
    """Lends each call a connection of its own; the latest used is lent first, so that those beyond need grow old."""

    def __init__(self, open_wire: Open) -> None:
        self._open = open_wire
        self._slots = asyncio.Semaphore(MAX_CALLS)
        self._places: dict[Origin, _Place] = {}
        self._idle = 0
        self._is_closed = False
        self._sweep: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def lend(self, origin: Origin, slot_s: float | None, connect_s: float | None) -> AsyncIterator[Conversation]:
        """Lend a connection; it is kept if it can take another call, else closed.

        Raises httpx.PoolTimeout when no slot is free within `slot_s`, and what opening a connection raises.
        """
        place = self._places.get(origin) or self._places.setdefault(origin, _Place())
        place.callers += 1
        try:
            async with _slot(place.slots, slot_s), _slot(self._slots, slot_s):
                kept = self._take(place) or Conversation(await self._open(origin, connect_s))
                try:
                    yield kept
                finally:
                    self._give_back(place, kept)
        finally:
            place.callers -= 1
            self._forget(origin, place)

    def close(self) -> None:
        """Close all that are kept."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for place in self._places.values():
            for _, kept in place.idle:
                kept.close()
        self._places.clear()

    def _take(self, place: _Place) -> Conversation | None:
        while place.idle:
            expires_at, kept = place.idle.pop()
            self._idle -= 1
            if kept.is_open and time.monotonic() < expires_at:
                return kept
            kept.close()
        return None

    def _give_back(self, place: _Place, kept: Conversation) -> None:
        if self._is_closed or not kept.is_open or self._idle >= MAX_IDLE:
            kept.close()
            return
        place.idle.append((time.monotonic() + KEEPALIVE_S, kept))
        self._idle += 1
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(KEEPALIVE_S, self._close_expired)

    def _close_expired(self) -> None:
        self._sweep = None
        now = time.monotonic()
        for origin, place in list(self._places.items()):
            while place.idle and place.idle[0][0] <= now:
                place.idle.pop(0)[1].close()
                self._idle -= 1
            self._forget(origin, place)
        if self._idle:
            self._sweep = asyncio.get_running_loop().call_later(KEEPALIVE_S, self._close_expired)

    def _forget(self, origin: Origin, place: _Place) -> None:
        if not place.callers and not place.idle and self._places.get(origin) is place:
            del self._places[origin]


@asynccontextmanager
async def _slot(slots: asyncio.Semaphore, timeout_s: float | None) -> AsyncIterator[None]:
    if slots.locked():
        try:
            async with asyncio.timeout(timeout_s):
                await slots.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("too many calls are under way") from error
    else:
        await slots.acquire()
    try:
        yield
    finally:
        slots.release()
