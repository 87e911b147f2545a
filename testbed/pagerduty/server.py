"""An HTTP server in the running event loop on a free loopback port, which lets the application cut a connection."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LOOPBACK = "127.0.0.1"
_TICKS_PER_SECOND = 10
_STOP_GRACE_S = 1.0


class _CuttableProtocol(HttpToolsProtocol):
    """Shows each request the transport it came by."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _QuietServer(uvicorn.Server):
    """Leaves the signals of the process alone and ends at once: tests start and end hundreds of these."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        second = 0
        while not self.told_to_stop.is_set():
            await self.on_tick(second * _TICKS_PER_SECOND)  # renews the Date header
            second += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self.told_to_stop.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in self.servers:
            listener.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            _, late = await asyncio.wait(self.server_state.tasks, timeout=_STOP_GRACE_S)
            for task in late:
                task.cancel()


class LoopbackServer:
    """Serves an ASGI application until it is stopped."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._socket = _bound_socket(port)
        self.url = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http=_CuttableProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve; returns when connections are taken."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the simulator's HTTP server ended while it started")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Cut every connection, so that no hanging call holds up the end."""
        self._server.told_to_stop.set()
        if self._task:
            await self._task
        self._socket.close()


def _bound_socket(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, port))
    return bound
