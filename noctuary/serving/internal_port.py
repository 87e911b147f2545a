"""The port of a process for those who run the cluster: the kubelet, Prometheus, the operator."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from noctuary.serving.connections import Connection, Connections, Phase
from noctuary.serving.limits_met import TrafficMetrics
from noctuary.serving.server import Server, make_server

MAX_CONNECTIONS = 128
"""Those who ask need a handful."""
MAX_OF_ADDRESS = MAX_CONNECTIONS // 2
"""Behind the sidecar of a service mesh all have one address."""

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


class InternalConnections(Connections):
    """Whoever comes takes a place, of one that was answered before if it can be: a probe comes anew each time.

    Each asks at once, in one packet: of those that have not been answered yet the youngest are worth most.
    """

    def __init__(self, metrics: TrafficMetrics, port: str, limit: int = MAX_CONNECTIONS) -> None:
        super().__init__(metrics, port, limit)
        self._of_address = min(MAX_OF_ADDRESS, max(1, limit // 2))

    def _is_full_for(self, address: str) -> bool:
        return super()._is_full_for(address) or self._has_its_share(address)

    def _has_its_share(self, address: str) -> bool:
        return len(self._by_address.get(address, ())) >= self._of_address

    def _givable(self, address: str) -> list[Connection]:
        giver = address if self._has_its_share(address) else self._with_most()
        return [min(self._by_address[giver], key=_worth)]


def _worth(connection: Connection) -> tuple[bool, bool, float]:
    return not connection.was_answered, connection.phase is Phase.ANSWER, connection.since


def make_internal_server(app: App, metrics: TrafficMetrics, port: str, limit: int = MAX_CONNECTIONS) -> Server:
    """Build the server of an internal port, whose metrics name it so; of bodies nothing is kept."""

    async def without_body(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        scope["drop_body"]()
        await app(scope, receive, send)

    return make_server(without_body, InternalConnections(metrics, port, limit), limit)
