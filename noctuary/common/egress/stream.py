"""A TCP or TLS connection straight on asyncio: what a call reads and writes, within its times, as errors of httpx."""

import asyncio
import ssl

import httpx

READ_AHEAD_BYTES = 256 * 1024
"""What a peer may send before it is read; more waits in its own memory."""


class Wire(asyncio.Protocol):
    """One connection; one caller at a time reads and writes."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._reads = True
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # what a stream's protocol is given

    def data_received(self, data: bytes) -> None:
        """Keep what came in, up to a bound."""
        self._received += data
        if self._reads and len(self._received) > READ_AHEAD_BYTES:
            self._reads = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Nothing more comes; the transport closes itself."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes or goes."""
        self._ended, self._error = True, exc
        self._may_write.set()
        self._wake()

    def pause_writing(self) -> None:
        """Let the writer wait."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Let the writer go on."""
        self._may_write.set()

    @property
    def has_spoken(self) -> bool:
        """Whether a connection that nobody uses has something to say, or has ended."""
        return self._ended or bool(self._received)

    def abort(self) -> None:
        """Close at once: a peer that reads nothing must not hold it open."""
        self._transport.abort()

    async def read(self, most: int, timeout_s: float | None) -> bytes:
        """Return what came in, empty at the end; raise httpx.ReadTimeout or httpx.ReadError."""
        if not self._received and not self._ended:
            await self._wait(timeout_s)
        if self._error is not None and not self._received:
            raise httpx.ReadError(str(self._error)) from self._error
        taken = bytes(self._received[:most])
        del self._received[:most]
        if not self._reads and not self._ended:
            self._reads = True
            self._transport.resume_reading()
        return taken

    async def send(self, data: bytes, timeout_s: float | None) -> None:
        """Send bytes: they are gone, or in a bounded buffer; raise httpx.WriteTimeout or httpx.WriteError."""
        if self._ended:
            raise httpx.WriteError("the server closed the connection")
        self._transport.write(data)
        if self._may_write.is_set():
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._may_write.wait()
        except TimeoutError as error:
            raise httpx.WriteTimeout("the server does not read") from error

    async def _wait(self, timeout_s: float | None) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await self._waiting
        except TimeoutError as error:
            raise httpx.ReadTimeout("the server does not answer") from error

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


async def connect(address: str, port: int, tls: ssl.SSLContext | None, server_name: str) -> Wire:
    """Connect to a written address; with TLS its certificate must be for `server_name`. Raises OSError."""
    loop = asyncio.get_running_loop()
    name = server_name if tls is not None else None
    _, wire = await loop.create_connection(Wire, address, port, ssl=tls, server_hostname=name)
    return wire
