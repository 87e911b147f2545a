"""A server of one port, in an event loop that it shares: uvicorn's, with its connections bounded."""

import contextlib
import resource
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from noctuary.common.errors import InvalidInput
from noctuary.serving.connections import Connections
from noctuary.serving.listener import Listener
from noctuary.serving.protocol import BoundedProtocol

if TYPE_CHECKING:
    import asyncio

KEEP_ALIVE_S = 65
"""Longer than ingress controllers keep idle connections (60 s), so that it is never us who close one in use."""
GRACE_S = 5
"""Requests that are being served at the end get this long; PagerDuty itself waits no longer."""
TICKS_PER_S = 10
"""How often uvicorn calls on_tick."""


def raise_file_limit(wanted: int) -> int:
    """Let the process open as many files as it wants and may; return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def listen(setting: str, host: str | None, port: int, backlog: int) -> socket.socket:
    """Take a port, of all addresses without a host; raise InvalidInput that names the setting when it is taken."""
    is_both = host is None and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if is_both or (host and ":" in host) else socket.AF_INET
    try:
        listening = socket.create_server((host or "", port), family=family, backlog=backlog, dualstack_ipv6=is_both)
    except OSError as error:
        problem = f"{host or 'any address'} port {port} cannot be listened on ({error.strerror})"
        raise InvalidInput(setting, problem, "name another") from error
    listening.setblocking(False)
    return listening


class Server(uvicorn.Server):
    """A server that leaves the signals to the process, and cuts what takes too long."""

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


def make_server(app: Any, connections: Connections, backlog: int) -> Server:
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
