"""A door for pods to one port of this machine's loopback: the simulator listens there and nowhere else."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

_CHUNK_BYTES = 64 * 1024
_START_TIMEOUT_S = 10.0


@contextlib.contextmanager
def relay(address: str, port: int) -> Iterator[str]:
    """Relay connections to `address`, which only this machine and its containers reach, to a loopback port.

    Yields host and port that pods connect to.
    """
    server = _Relay(address, port)
    server.start()
    try:
        yield f"{address}:{server.listening_port}"
    finally:
        server.stop()


class _Relay:
    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def listening_port(self) -> int:
        if self._server is None:
            raise RuntimeError("the relay was not started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def start(self) -> None:
        self._thread.start()
        starting = asyncio.start_server(self._serve, self._address, 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(_START_TIMEOUT_S)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_START_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_TIMEOUT_S)
        self._loop.close()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # either side hung up, or the relay ends: the other side sees its connection end
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    finally:
        writer.close()
