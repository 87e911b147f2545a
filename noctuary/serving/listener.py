"""A listening socket whose connections are taken a few at a time."""

import asyncio
import errno
import socket
from collections.abc import Callable

import structlog

log = structlog.get_logger()

ACCEPTS_PER_TURN = 8
"""Connections taken in one turn of the event loop: about a millisecond, and what they bring at once is read in the next
one. All others wait in the kernel's backlog."""
RETRY_S = 1.0
"""When no file is left for a connection, as asyncio has it."""
NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Listener:
    """Takes the connections of one socket, as uvicorn's servers do; the socket is its owner's to close."""

    def __init__(self, listening: socket.socket, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._make_protocol = make_protocol
        self._loop = asyncio.get_running_loop()
        self._taking: set[asyncio.Task[None]] = set()
        self._again: asyncio.TimerHandle | None = None
        self._listen()

    def close(self) -> None:
        """Take no more connections."""
        if self._again is not None:
            self._again.cancel()
        self._loop.remove_reader(self._listening)

    async def wait_closed(self) -> None:
        """Wait until all that were taken are connections."""
        await asyncio.gather(*self._taking)

    def _listen(self) -> None:
        self._again = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                accepted, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            accepted.setblocking(False)
            task = self._loop.create_task(self._take(accepted))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    async def _take(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, accepted)
        except OSError:  # gone already
            accepted.close()

    def _rest(self, error: OSError) -> None:
        if error.errno not in NO_MORE_FILES:
            raise error
        log.warning("No connection can be taken for a moment", error=error.strerror)
        self._loop.remove_reader(self._listening)
        self._again = self._loop.call_later(RETRY_S, self._listen)
