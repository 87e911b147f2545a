"""The transport under the one HTTP client: asks under a policy, within a time, and reads a bounded answer."""

import asyncio
import ssl

import httpx

from noctuary.common.egress.connect import Connector, Resolve, resolve
from noctuary.common.egress.connections import Connections, Origin
from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.egress.proxies import Proxies
from noctuary.common.egress.stream import Wire
from noctuary.common.urls import DEFAULT_PORTS

TOTAL_S = 30.0
"""From the call to the last byte of its answer: three reads at their timeout; who sends a byte now and then is down."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Every call of this process to others goes through here, each step of a redirect (which nobody follows) too."""

    def __init__(
        self, policy: EgressPolicy, ssl_context: ssl.SSLContext, proxies: Proxies, resolve: Resolve = resolve
    ) -> None:
        self._policy = policy
        self._proxies = proxies
        self._connector = Connector(policy, ssl_context, resolve)
        self._connections = Connections(self._open)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask and read the whole answer; raise EgressRefused where the policy forbids it, else httpx's errors."""
        url = request.url
        host = url.raw_host.decode()
        self._policy.check_host(url.scheme, host, url.port)
        origin = (url.scheme, host, url.port or DEFAULT_PORTS[url.scheme])
        try:
            async with asyncio.timeout(TOTAL_S):
                return await self._ask(origin, request)
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"the answer was not complete after {TOTAL_S:.0f} s") from error

    async def aclose(self) -> None:
        """Close all connections."""
        self._connections.close()
        await self._proxies.aclose()

    async def _ask(self, origin: Origin, request: httpx.Request) -> httpx.Response:
        if self._proxies.covers(origin):
            self._policy.check_written_address(origin[1], origin[2])
            return await self._proxies.ask(request)
        timeouts = request.extensions.get("timeout", {})
        async with self._connections.lend(origin, timeouts.get("pool"), timeouts.get("connect")) as conversation:
            return await conversation.ask(request)

    async def _open(self, origin: Origin, timeout_s: float | None) -> Wire:
        return await self._connector.open(*origin, timeout_s)
