"""A proxy that serves the host names of the documentation from this machine, with TLS, and refuses all others."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from hack.lib.certificates import Authority
from testbed.relay import pump


class TlsProxy:
    """CONNECT to a known name ends in TLS here and goes on in plain text to a port of the loopback."""

    def __init__(self, directory: Path, ports: Mapping[str, int]) -> None:
        self.authority_file = directory / "proxy-ca.crt"
        self.address = ""
        self.refused: list[str] = []
        """Names that were asked for and are not ours: nothing may leave this machine."""
        self._ports = ports
        self._certificate = directory / "proxy"
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def opened(self, names: list[str]) -> AsyncIterator["TlsProxy"]:
        """Listen on a free port of the loopback, with a certificate for the names."""
        authority = Authority("documentation")
        authority.write(self.authority_file)
        authority.issue(self._certificate, "proxy", names=names)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def environment(self) -> dict[str, str]:
        """Return the variables by which programs go through this proxy."""
        trusted = str(self.authority_file)
        return {
            "HTTPS_PROXY": self.address,
            "https_proxy": self.address,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": trusted,
            "CURL_CA_BUNDLE": trusted,
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._relay(reader, writer)
        writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        name = head.split()[1].rpartition(":")[0]
        port = self._ports.get(name)
        if port is None:
            self.refused.append(name)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(self._tls())
        try:
            onward, back = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await _answer_unavailable(reader, writer)
            return
        try:
            await asyncio.gather(pump(reader, back), pump(onward, writer))
        finally:
            back.close()

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._certificate.with_suffix(".crt"), self._certificate.with_suffix(".key"))
        return context


async def _answer_unavailable(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as an ingress controller should whose Service has no endpoints."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
