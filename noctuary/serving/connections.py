"""All connections of a port: how many there may be, whose turn it is to give one up, and which ones take too long."""

import socket
import time
from enum import IntEnum
from typing import Protocol

from noctuary.serving.limits_met import LimitsMet, TrafficMetrics
from noctuary.serving.pool import Pool
from noctuary.serving.read_turns import ReadTurns

MAX_CONNECTIONS = 4000
"""About 12 KB each while idle; an ingress controller keeps some hundreds."""
MAX_HEADS_BYTES = 16 * 1024 * 1024
"""Heads that did not arrive in one piece, which is rare, until their rest comes."""
SHED = 64
"""Connections given up at once when a port is full: looking for them costs a look at all."""
RETRY_SHEDDING_S = 0.1
"""When none could be given up for an address, the next look for it waits for this long."""
_IPV4_MAPPED = bytes(10) + b"\xff\xff"


class Phase(IntEnum):
    """What a connection is doing, in the order in which it is given up for others."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3


class Connection(Protocol):
    """What is asked of a connection."""

    address: str
    since: float
    """When its phase began, by the monotonic clock."""
    was_answered: bool
    """Whether a request of it was."""

    @property
    def phase(self) -> Phase:
        """Return what it is doing."""

    def overdue(self, now: float) -> str | None:
        """Return which limit of time it has passed, if any."""

    def cut(self) -> None:
        """End it at once."""


def share_key(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the 64 bits of an IPv6 network that one site is given."""
    if ":" not in address:
        return address
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address
    return socket.inet_ntoa(packed[12:]) if packed.startswith(_IPV4_MAPPED) else packed[:8].hex()


class Connections:
    """The open connections of one port."""

    def __init__(self, metrics: TrafficMetrics, port: str, limit: int = MAX_CONNECTIONS) -> None:
        self.limit = limit
        self.heads = Pool(MAX_HEADS_BYTES)
        self.first_turns = ReadTurns()
        """Of new connections, and of those that brought a webhook."""
        self.turns = ReadTurns()
        """Of all other connections that are kept."""
        self._by_address: dict[str, dict[Connection, None]] = {}
        self._count = 0
        self._none_for: dict[str, float] = {}
        self._port = port
        self._open = metrics.connections.labels(port)
        self._limits_met = LimitsMet(metrics)

    def __len__(self) -> int:
        return self._count

    def add(self, newcomer: Connection) -> bool:
        """Count a new connection; False when there is no room for it, which is said in the log."""
        if self._is_full_for(newcomer.address):
            self.tell("connections", address=newcomer.address, open=self._count)
            self._make_room(newcomer.address)
        if self._is_full_for(newcomer.address):
            return False
        self._by_address.setdefault(newcomer.address, {})[newcomer] = None
        self._count += 1
        self._open.set(self._count)
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection that ended."""
        known = self._by_address.get(connection.address, {})
        if connection not in known:
            return
        del known[connection]
        if not known:
            del self._by_address[connection.address]
        self._count -= 1
        self._open.set(self._count)

    def close(self) -> None:
        """Give nobody a turn any more; to be called when all connections have ended."""
        self.first_turns.close()
        self.turns.close()

    def forget_turns(self, file: int) -> None:
        """Give no turn to a connection whose file will be closed."""
        self.first_turns.forget(file)
        self.turns.forget(file)

    def cut_overdue(self) -> None:
        """End what takes too long; to be called about once a second."""
        now = time.monotonic()
        for connection in [each for known in self._by_address.values() for each in known]:
            limit = connection.overdue(now)
            if limit is not None:
                if limit:
                    self.tell(limit, address=connection.address)
                connection.cut()

    def tell(self, limit: str, **values: object) -> None:
        """Tell of a limit that was met on this port."""
        self._limits_met.tell(limit, port=self._port, **values)

    def _is_full_for(self, _address: str) -> bool:
        return self._count >= self.limit

    def _make_room(self, address: str) -> None:
        now = time.monotonic()
        if now < self._none_for.get(address, 0.0):
            return
        found = self._givable(address)
        for connection in found:
            connection.cut()
            self.remove(connection)
        if not found:
            if len(self._none_for) >= self.limit:
                self._none_for.clear()
            self._none_for[address] = now + RETRY_SHEDDING_S

    def _with_most(self) -> str:
        """Return the address that has most connections."""
        return max(self._by_address, key=lambda each: len(self._by_address[each]))

    def _givable(self, address: str) -> list[Connection]:
        """Return what is given up for an address's newcomer: all share alike, and one that is alone may have all."""
        most = self._with_most()
        if most == address:
            found = [each for each in self._by_address[most] if each.phase is Phase.IDLE]
        elif len(self._by_address[most]) <= len(self._by_address.get(address, ())) + 1:
            found = []
        else:
            found = [each for each in self._by_address[most] if each.phase is not Phase.ANSWER]
        return sorted(found, key=lambda each: (each.phase, each.since))[:SHED]
