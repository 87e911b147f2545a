"""Two HTTP servers in one event loop: the public port and the internal one."""

import asyncio
import contextlib
import json
import resource
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import uvicorn

from noctuary.common.errors import InvalidInput
from webhook_receiver.traffic.connections import MAX_CONNECTIONS, Connections
from webhook_receiver.traffic.listener import Listener
from webhook_receiver.traffic.protocol import BoundedProtocol

KEEP_ALIVE_S = 65
"""Longer than ingress controllers keep idle connections (60 s), so that it is never us who close one in use."""
GRACE_S = 5
"""Requests that are being served at the end get this long; PagerDuty itself waits no longer."""
BACKLOG = 2048
"""Connections that the kernel holds until they are taken, all at once if need be."""
INTERNAL_CONNECTIONS = 128
"""The kubelet, Prometheus and the operator need a handful."""
OWN_FILES = 256
"""For the store, the watches of the API server, PagerDuty and the libraries."""
WANTED_FILES = MAX_CONNECTIONS + BACKLOG + INTERNAL_CONNECTIONS + OWN_FILES
TICKS_PER_S = 10
"""How often uvicorn calls on_tick."""


def raise_file_limit() -> int:
    """Let the process open as many files as it wants and may; return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def backlog_for(files: int) -> int:
    """Return how many connections may wait to be taken: each one is a file as soon as it is."""
    return min(BACKLOG, files // 4)


def connections_for(files: int) -> int:
    """Return how many connections the public port may have, so that all others find a file free."""
    return max(1, min(MAX_CONNECTIONS, files - backlog_for(files) - INTERNAL_CONNECTIONS - OWN_FILES))


class Ports(NamedTuple):
    """The sockets that both servers listen on."""

    public: socket.socket
    internal: socket.socket

    def numbers(self) -> dict[str, int]:
        """Return the port numbers by name."""
        return {"public": self.public.getsockname()[1], "internal": self.internal.getsockname()[1]}


def bind(host: str, public: int, internal: int, backlog: int = BACKLOG) -> Ports:
    """Take both ports; raise InvalidInput when one is taken."""
    return Ports(
        _bind("NOCTUARY_PUBLIC_PORT", host, public, backlog),
        _bind("NOCTUARY_INTERNAL_PORT", host, internal, INTERNAL_CONNECTIONS),
    )


def _bind(setting: str, host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise InvalidInput(
            setting, f"{host} port {port} cannot be listened on ({error.strerror})", "name another"
        ) from error
    listening.setblocking(False)
    return listening


def write_port_file(path: Path, ports: Ports) -> None:
    """Write the port numbers as JSON; a reader never sees half of it. Raises InvalidInput where it cannot be."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(json.dumps(ports.numbers()))
        unfinished.replace(path)
    except OSError as error:
        problem = f"{path} cannot be written ({error.strerror})"
        raise InvalidInput("NOCTUARY_PORT_FILE", problem, "name a file in a directory that can be written") from error


class Server(uvicorn.Server):
    """A server that leaves the signals to the process, which ends two of them, and cuts what takes too long."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self._connections = connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and take connections a few at a time."""
        await super().startup(sockets=[])
        protocol = cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class)
        make = partial(protocol, config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        self.servers = cast("list[asyncio.Server]", [Listener(each, make) for each in sockets or ()])

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections once a second."""
        if counter % TICKS_PER_S == 0:
            self._connections.cut_overdue()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is served, and end the connections."""
        await super().shutdown(sockets)
        self._connections.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def make_server(app: Any, connections: Connections, backlog: int = BACKLOG) -> Server:
    """Build a server; access is not logged, as the path of a webhook holds its token."""
    protocol = cast("type[BoundedProtocol]", partial(BoundedProtocol, connections))
    config = uvicorn.Config(
        app,
        loop="none",
        http=protocol,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=backlog,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config, connections)
