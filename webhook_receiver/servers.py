"""The two ports, the public and the internal one, and what they may have of the process's files."""

import json
import socket
from pathlib import Path
from typing import NamedTuple

from noctuary.common.errors import InvalidInput
from noctuary.serving import internal_port
from noctuary.serving.connections import MAX_CONNECTIONS
from noctuary.serving.server import listen

BACKLOG = 2048
"""Connections that the kernel holds until they are taken, all at once if need be."""
OWN_FILES = 256
"""For the store, the watches of the API server, PagerDuty and the libraries."""
WANTED_FILES = MAX_CONNECTIONS + BACKLOG + internal_port.MAX_CONNECTIONS + OWN_FILES


def backlog_for(files: int) -> int:
    """Return how many connections may wait to be taken: each one is a file as soon as it is."""
    return min(BACKLOG, files // 4)


def connections_for(files: int) -> int:
    """Return how many connections the public port may have, so that all others find a file free."""
    return max(1, min(MAX_CONNECTIONS, files - backlog_for(files) - internal_port.MAX_CONNECTIONS - OWN_FILES))


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
        listen("NOCTUARY_PUBLIC_PORT", host, public, backlog),
        listen("NOCTUARY_INTERNAL_PORT", host, internal, internal_port.MAX_CONNECTIONS),
    )


def write_port_file(path: Path, ports: Ports) -> None:
    """Write the port numbers as JSON; a reader never sees half of it. Raises InvalidInput where it cannot be."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_text(json.dumps(ports.numbers()))
        unfinished.replace(path)
    except OSError as error:
        problem = f"{path} cannot be written ({error.strerror})"
        raise InvalidInput("NOCTUARY_PORT_FILE", problem, "name a file in a directory that can be written") from error
