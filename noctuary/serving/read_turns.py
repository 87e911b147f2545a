"""Connections are read a few at a time: senders take turns, each with its connections in the order they are ready.

An event loop reads all connections that have something before it does anything else: a thousand senders that post at
once would keep a webhook waiting until each of their requests was taken. Here they wait in the kernel.
"""

import asyncio
import contextlib
import select
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

READS_PER_TURN = 16
"""Connections read in one turn of the event loop, a millisecond's work. Twice as many as are answered in one: what
comes faster than it is stored is read, and told so, instead of waiting unseen."""
READS_WHILE_HELD = 2
HELD_PAUSE_S = 0.002
"""While something goes first, so few are read so often: a thousand a second, a twentieth of a core."""
LOOK = 256
"""Connections that are looked up at once: among so many the senders' turns are fair."""
WAKING = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT if hasattr(select, "epoll") else 0
ARE_POSSIBLE = bool(WAKING)
"""Elsewhere than on Linux connections are read as they come."""


class _Waiting(NamedTuple):
    file: int
    source: Hashable
    read: Callable[[], None]


class ReadTurns:
    """Tells connections when to read; used from one event loop, and `close`d when the connections have ended."""

    def __init__(self, at_once: int = READS_PER_TURN) -> None:
        self._at_once = at_once
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._known: set[int] = set()
        self._waiting: dict[int, _Waiting] = {}
        self._ready: dict[Hashable, deque[_Waiting]] = {}
        self._next: asyncio.Handle | None = None
        self._holds = 0

    def wait(self, file: int, read: Callable[[], None], source: Hashable = None) -> None:
        """Call `read` once, in its turn, when the file has something to read or its other side is gone."""
        epoll = self._open()
        self._waiting[file] = _Waiting(file, source, read)
        if file in self._known:
            epoll.modify(file, WAKING)
        else:
            epoll.register(file, WAKING)
            self._known.add(file)

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Read less for as long as the context lasts: something else goes first."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            if not self._holds and self._next is not None and self._loop is not None:
                self._next.cancel()
                self._next = self._loop.call_soon(self._go_on)  # what went first is answered before

    def forget(self, file: int) -> None:
        """Know a file no more; to be called before it is closed."""
        self._waiting.pop(file, None)
        if self._epoll is not None and file in self._known:
            self._known.remove(file)
            with contextlib.suppress(OSError):  # closed already, which ended it
                self._epoll.unregister(file)

    def close(self) -> None:
        """Watch nothing any more, until somebody waits again."""
        if self._epoll is not None and self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
        for kept in (self._known, self._waiting, self._ready):
            kept.clear()

    def _open(self) -> "select.epoll":
        if self._epoll is None:
            self._epoll = select.epoll()
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._epoll.fileno(), self._give)
        return self._epoll

    def _give(self) -> None:
        """Note who is ready, and give the next few their turn, unless that is to come anyway."""
        if self._epoll is None:
            return
        for file, _ in self._epoll.poll(0, LOOK):
            waiting = self._waiting.get(file)
            if waiting is not None:
                self._ready.setdefault(waiting.source, deque()).append(waiting)
        if self._next is None:
            self._give_next()

    def _give_next(self) -> None:
        self._next = None
        for _ in range(READS_WHILE_HELD if self._holds else self._at_once):
            if not self._ready:
                return
            self._give_one()
        if self._ready and self._loop is not None:  # the kernel tells of each once
            later = self._loop.call_later(HELD_PAUSE_S, self._go_on) if self._holds else None
            self._next = later or self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._next = None
        self._give()

    def _give_one(self) -> None:
        source, queue = next(iter(self._ready.items()))
        waiting = queue.popleft()
        del self._ready[source]
        if queue:
            self._ready[source] = queue  # behind all others
        if self._waiting.get(waiting.file) is waiting:
            del self._waiting[waiting.file]
            waiting.read()
