"""Proxies from the environment: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, as the platform sets them.

A proxy is the administrator's: it is asked wherever it is, it looks up names itself, and its rules for addresses count.
"""

import ssl
from collections.abc import Mapping
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import httpx

from noctuary.common.egress.answers import Body, unpack
from noctuary.common.egress.connections import Origin
from noctuary.common.errors import InvalidInput


class Proxies:
    """The proxy of each scheme, and which hosts are asked without one."""

    def __init__(self, urls: Mapping[str, str], ssl_context: ssl.SSLContext) -> None:
        self._urls = dict(urls)
        self._by_scheme = {
            scheme: httpx.AsyncHTTPTransport(verify=ssl_context, trust_env=False, proxy=_proxy(scheme, url))
            for scheme in ("http", "https")
            if (url := urls.get(scheme) or urls.get("all"))
        }

    @classmethod
    def of_environment(cls, ssl_context: ssl.SSLContext) -> "Proxies":
        """Read the environment; raise InvalidInput for a proxy that we cannot speak to."""
        return cls(getproxies_environment(), ssl_context)

    def covers(self, origin: Origin) -> bool:
        """Tell whether an origin is asked through a proxy."""
        scheme, host, port = origin
        return scheme in self._by_scheme and not proxy_bypass_environment(f"{host}:{port}", self._urls)

    async def ask(self, request: httpx.Request) -> httpx.Response:
        """Ask through the proxy of the scheme and read the whole answer."""
        answer = await self._by_scheme[request.url.scheme].handle_async_request(request)
        body = Body()
        try:
            async for part in answer.aiter_raw():
                body.add(part)
        finally:
            await answer.aclose()
        told = {name: value for name, value in answer.extensions.items() if name != "network_stream"}
        headers, unpacked = unpack(answer.headers.raw, body.whole())
        return httpx.Response(answer.status_code, headers=headers, content=unpacked, extensions=told)

    async def aclose(self) -> None:
        """Close all connections to proxies."""
        for transport in self._by_scheme.values():
            await transport.aclose()


def _proxy(scheme: str, url: str) -> httpx.Proxy:
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx.InvalidURL):
        raise _refused(scheme) from None
    if proxy.url.scheme not in ("http", "https"):
        raise _refused(scheme)
    return proxy


def _refused(scheme: str) -> InvalidInput:
    return InvalidInput(f"{scheme.upper()}_PROXY", "names no proxy that is spoken to", "write it as http://host:port")
