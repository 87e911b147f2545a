"""Kept connections are read a few at a time, in the order in which they have something to say.

An event loop reads all connections that have something before it does anything else: a thousand senders that post at
once would keep a webhook waiting until each of their requests was taken. Here they wait in the kernel.
"""

import asyncio
import contextlib
import select
from collections.abc import Callable

READS_PER_TURN = 8
"""Connections read in one turn of the event loop: one or two milliseconds, and a webhook takes a few turns."""
WAKING = select.EPOLLIN | select.EPOLLRDHUP if hasattr(select, "epoll") else 0
ARE_POSSIBLE = bool(WAKING)
"""Elsewhere than on Linux connections are read as they come."""


class ReadTurns:
    """Tells connections when to read; used from one event loop, and `close`d when the connections have ended."""

    def __init__(self, at_once: int = READS_PER_TURN) -> None:
        self._at_once = at_once
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, Callable[[], None]] = {}

    def wait(self, file: int, read: Callable[[], None]) -> None:
        """Call `read` once, in its turn, when the file has something to read or its other side is gone."""
        self._open().register(file, WAKING)
        self._waiting[file] = read

    def forget(self, file: int) -> None:
        """Let a file that waits do so no more; to be called before it is closed."""
        if self._epoll is not None and self._waiting.pop(file, None) is not None:
            with contextlib.suppress(OSError):  # closed already, which ended it
                self._epoll.unregister(file)

    def close(self) -> None:
        """Watch nothing any more, until somebody waits again."""
        if self._epoll is not None and self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
        self._waiting.clear()

    def _open(self) -> "select.epoll":
        if self._epoll is None:
            self._epoll = select.epoll()
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._epoll.fileno(), self._give)
        return self._epoll

    def _give(self) -> None:
        """Give the next few their turn; the loop calls again as long as more are ready."""
        if self._epoll is None:
            return
        for file, _ in self._epoll.poll(0, self._at_once):
            self._epoll.unregister(file)
            self._waiting.pop(file)()
