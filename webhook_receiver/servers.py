"""Two HTTP servers in one event loop: the public port and the internal one."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn

from noctuary.common.errors import InvalidInput

KEEP_ALIVE_S = 75
"""Longer than ingress controllers keep idle connections (60 s), so that it is never us who close one in use."""
GRACE_S = 5
"""Requests that are being served at the end get this long; PagerDuty itself waits no longer."""
BACKLOG = 2048


class Ports(NamedTuple):
    """The sockets that both servers listen on."""

    public: socket.socket
    internal: socket.socket

    def numbers(self) -> dict[str, int]:
        """Return the port numbers by name."""
        return {"public": self.public.getsockname()[1], "internal": self.internal.getsockname()[1]}


def bind(host: str, public: int, internal: int) -> Ports:
    """Take both ports; raise InvalidInput when one is taken."""
    return Ports(_bind("NOCTUARY_PUBLIC_PORT", host, public), _bind("NOCTUARY_INTERNAL_PORT", host, internal))


def _bind(setting: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise InvalidInput(
            setting, f"{host} port {port} cannot be listened on ({error.strerror})", "name another"
        ) from error
    listening.setblocking(False)
    return listening


def write_port_file(path: Path, ports: Ports) -> None:
    """Write the port numbers as JSON; a reader never sees half of it."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps(ports.numbers()))
    unfinished.replace(path)


class Server(uvicorn.Server):
    """A server that leaves the signals to the process, which ends two of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def make_server(app: Any) -> Server:
    """Build a server; access is not logged, as the path of a webhook holds its token."""
    config = uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config)
