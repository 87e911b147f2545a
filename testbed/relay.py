"""A TCP relay before a server: passes bytes, and can be shut, made silent or cut, as networks are."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import NamedTuple

CHUNK_BYTES = 64 * 1024
START_TIMEOUT_S = 10.0
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends an RST."""


class Address(NamedTuple):
    """Host and port."""

    host: str
    port: int


class Relay:
    """Passes connections on to a target; used from one event loop."""

    def __init__(self, target: Address, host: str = "127.0.0.1") -> None:
        self._target = target
        self._host = host
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def open(self) -> int:
        """Accept connections, after a shut at the same port as before; return the port."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def shut(self) -> None:
        """Refuse connections and break those that pass."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # an aborted transport closes its socket in the loop's next turn

    def swallow(self) -> None:
        """Let no byte through from now on, and close nothing."""
        self._flows.clear()

    def heal(self) -> None:
        """Let new connections through again; those that met the silence stay silent, as bytes are missing."""
        self._flows.set()

    def reset_all(self) -> None:
        """End every connection with an RST."""
        for writer in list(self._writers):
            raw = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._tasks.add(task)
        self._writers.add(writer)
        writers = [writer]
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                far_reader, far_writer = await asyncio.open_connection(*self._target)
                writers.append(far_writer)
                self._writers.add(far_writer)
                await asyncio.gather(pump(reader, far_writer, self._flows), pump(far_reader, writer, self._flows))
        finally:
            for each in writers:
                each.transport.abort()
                self._writers.discard(each)
            self._tasks.discard(task)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flows: asyncio.Event | None = None) -> None:
    """Copy until the end and pass that on; once `flows` is cleared nothing passes any more."""
    is_silent = False
    while chunk := await reader.read(CHUNK_BYTES):
        is_silent = is_silent or (flows is not None and not flows.is_set())
        if not is_silent:
            writer.write(chunk)
            await writer.drain()
    if not is_silent and (flows is None or flows.is_set()):
        writer.close()


@contextlib.contextmanager
def relay_in_thread(host: str, target_port: int) -> Iterator[Address]:
    """Relay connections to `host`, on a free port, to a loopback port, from a thread; yield where to connect."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    relay = Relay(Address("127.0.0.1", target_port), host)
    try:
        port = asyncio.run_coroutine_threadsafe(relay.open(), loop).result(START_TIMEOUT_S)
        yield Address(host, port)
        asyncio.run_coroutine_threadsafe(relay.shut(), loop).result(START_TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_TIMEOUT_S)
        loop.close()
