"""Turns: what is taken of many who have more than there is room for, so that none of them crowds out another."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def in_turns(parts: Iterable[Iterable[T]]) -> Iterator[T]:
    """Yield the first of each part, then the second of each that has one, and so on."""
    waiting = deque(iter(part) for part in parts)
    while waiting:
        part = waiting.popleft()
        for value in islice(part, 1):
            yield value
            waiting.append(part)


class TurnSlots:
    """Slots that many wait for: whoever has waiting gets the next one in turn, however many others of one wait."""

    def __init__(self, slots: int, most: int | None = None) -> None:
        """Make so many slots, of which one owner holds `most` at a time, or all."""
        self._free = slots
        self._most = slots if most is None else most
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def locked(self) -> bool:
        """Whether whoever wants a slot now would wait."""
        return self._free == 0

    @asynccontextmanager
    async def hold(self, owner: str) -> AsyncIterator[None]:
        """Hold a slot, once it is the owner's turn."""
        await self._take(owner)
        try:
            yield
        finally:
            self._give_back(owner)

    async def _take(self, owner: str) -> None:
        if self._free > 0 and self._held[owner] < self._most:  # nobody who may have it waits while one is free
            self._hold(owner)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given meanwhile
                self._give_back(owner)
            else:
                self._leave(owner, turn)
            raise

    def _leave(self, owner: str, turn: "asyncio.Future[None]") -> None:
        waiting = self._waiting.get(owner)
        if waiting is not None and turn in waiting:
            waiting.remove(turn)
            if not waiting:
                del self._waiting[owner]

    def _hold(self, owner: str) -> None:
        self._free -= 1
        self._held[owner] += 1

    def _give_back(self, owner: str) -> None:
        self._free += 1
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        while self._free > 0 and (following := self._next()) is not None:
            waiting = self._waiting.pop(following)
            turn = waiting.popleft()
            if waiting:
                self._waiting[following] = waiting
            if not turn.done():
                self._hold(following)
                turn.set_result(None)

    def _next(self) -> str | None:
        return next((owner for owner in self._waiting if self._held[owner] < self._most), None)
