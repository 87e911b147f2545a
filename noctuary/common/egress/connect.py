"""Connecting to a host that may be asked: its addresses are looked up once, checked, and those are connected to."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

import httpx

from noctuary.common.egress.addresses import Address, as_address
from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.egress.stream import Wire, connect

MAX_ADDRESSES = 4
"""Of one name: the time to connect is shared by them."""
Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, in the order that the system prefers; raise OSError when it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]


class Connector:
    """Opens connections under a policy; a name is never looked up a second time between check and use."""

    def __init__(self, policy: EgressPolicy, ssl_context: ssl.SSLContext, resolve: Resolve = resolve) -> None:
        self._policy = policy
        self._ssl = ssl_context
        self._resolve = resolve

    async def open(self, scheme: str, host: str, port: int, timeout_s: float | None) -> Wire:
        """Connect within a time, with TLS for the host's name where the scheme says so.

        Raises EgressRefused when no address of the host may be asked, else httpx.ConnectError or httpx.ConnectTimeout.
        """
        context = self._ssl if scheme == "https" else None
        try:
            async with asyncio.timeout(timeout_s):
                addresses = await self._addresses(host, port)
                return await _connect_first(addresses[:MAX_ADDRESSES], host, port, context, timeout_s)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"{host} did not accept a connection") from error
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error

    async def _addresses(self, host: str, port: int) -> list[Address]:
        written = as_address(host)
        if written is not None:
            return self._policy.allowed_addresses(host, port, [written])
        found = [as_address(text) for text in await self._resolve(host, port)]
        return self._policy.allowed_addresses(host, port, [address for address in found if address is not None])


async def _connect_first(
    addresses: list[Address], host: str, port: int, context: ssl.SSLContext | None, timeout_s: float | None
) -> Wire:
    """Try each address in turn for its share of the time."""
    share_s = None if timeout_s is None else timeout_s / len(addresses)
    for address in addresses[:-1]:
        try:
            async with asyncio.timeout(share_s):
                return await connect(str(address), port, context, host)
        except (OSError, TimeoutError):
            continue
    return await connect(str(addresses[-1]), port, context, host)
