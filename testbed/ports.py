"""Ports of the loopback for programs that tests start, stop and start again."""

import contextlib
import random
import socket

LOOPBACK = "127.0.0.1"
# Below what Linux gives to outgoing connections (from 32768) and Kubernetes to NodePorts (from 30000): while a program
# is down, a client that tries to reach it can get its very port as the source, and then the program cannot come back.
_RANGE = range(20_000, 30_000)
_TRIES = 1000


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on now, and that no outgoing connection takes while they are not in use.

    Raises OSError when all the ports that were tried are taken.
    """
    with contextlib.ExitStack() as held:
        return [held.enter_context(_free_socket()).getsockname()[1] for _ in range(count)]


def free_port() -> int:
    """One port that nobody listens on now."""
    return free_ports(1)[0]


def _free_socket() -> socket.socket:
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            return socket.create_server((LOOPBACK, random.choice(_RANGE)))
    raise OSError(f"No free port of {LOOPBACK} between {_RANGE.start} and {_RANGE.stop} in {_TRIES} tries")
