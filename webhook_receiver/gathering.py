"""Posted events on their way to the store: those of many requests go together, as a commit costs what it costs."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from noctuary.common.errors import NoctuaryError
from noctuary.models.context_event import ContextEvent
from noctuary.store.limits import Added

GATHERED_S = 0.004
"""How long events wait for others: a commit takes about as long, and a millisecond of a CPU for whatever it holds."""
GATHERED_EVENTS = 32
"""So many wait no longer: what they cost each is then twice what one costs in a long batch. Fewer where fewer are
admitted."""
BUSY_FROM = 4
"""Requests that came together the last time; a sender that posts alone waits for nobody."""
ANSWERS_PER_TURN = 8
"""Requests that are answered in one turn of the event loop."""


class AddsEvents(Protocol):
    """Whoever keeps events."""

    async def add_events(self, events: list[ContextEvent]) -> list[Added]:
        """Keep events within their tenants' quotas; raise StoreUnavailable."""
        ...


class _Part(NamedTuple):
    events: list[ContextEvent]
    added: "asyncio.Future[list[Added]]"


class Gathering:
    """Adds events to a store, those of small requests together: half of what is `admitted` at a time.

    Used from one event loop.
    """

    def __init__(self, store: AddsEvents, admitted: Callable[[], int] = lambda: 2 * GATHERED_EVENTS) -> None:
        self._store = store
        self._admitted = admitted
        self._parts: list[_Part] = []
        self._events = 0
        self._last = 0
        self._timer: asyncio.Handle | None = None
        self._storing: set[asyncio.Task[None]] = set()

    async def add_events(self, events: list[ContextEvent]) -> list[Added]:
        """Keep events, as `Store.add_events` does; what is wrong with those of one request fails no other."""
        enough = min(GATHERED_EVENTS, self._admitted() // 2)
        if len(events) >= enough:
            return await self._store.add_events(events)
        loop = asyncio.get_running_loop()
        part = _Part(events, loop.create_future())
        self._parts.append(part)
        self._events += len(events)
        if self._events >= enough:
            self._hand_over()
        elif self._timer is None:
            is_busy = self._last >= BUSY_FROM
            self._timer = loop.call_later(GATHERED_S, self._hand_over) if is_busy else loop.call_soon(self._hand_over)
        return await part.added

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        parts, self._parts, self._events = self._parts, [], 0
        self._last = len(parts)
        task = asyncio.get_running_loop().create_task(self._store_parts(parts))
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)

    async def _store_parts(self, parts: list[_Part]) -> None:
        try:
            added = await self._store.add_events([event for part in parts for event in part.events])
        except NoctuaryError as error:
            for part in parts:
                _fail(part, error)
        except Exception:  # noqa: BLE001 - one of them is at fault: each learns of its own
            for part in parts:
                await self._store_alone(part)
        else:
            await _answer(parts, added)

    async def _store_alone(self, part: _Part) -> None:
        try:
            await _answer([part], await self._store.add_events(part.events))
        except Exception as error:  # noqa: BLE001 - handed over to who waits for it
            _fail(part, error)


async def _answer(parts: list[_Part], added: list[Added]) -> None:
    first = 0
    for number, (events, waiting) in enumerate(parts):
        if number and number % ANSWERS_PER_TURN == 0:
            await asyncio.sleep(0)
        if not waiting.done():
            waiting.set_result(added[first : first + len(events)])
        first += len(events)


def _fail(part: _Part, error: Exception) -> None:
    if not part.added.done():
        part.added.set_exception(error)
