"""The socket below a connection: how old its last bytes are, and how it is closed without losing an answer."""

import asyncio
import socket
import struct
from collections.abc import Callable

from noctuary.serving.read_turns import ARE_POSSIBLE

_LAST_DATA_RECEIVED = struct.Struct("=52xI")
"""tcpi_last_data_recv of Linux: milliseconds since the kernel took the last bytes of the other side."""
TCP_INFO = getattr(socket, "TCP_INFO", None)
READ_BYTES = 64 * 1024
"""Read at once of a connection whose turn it is: all of an ordinary request."""


class KernelSide:
    """The file of a connection: how old its last bytes are, and what it holds; `end` it before its file is closed."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        sock = transport.get_extra_info("socket")
        is_tcp = sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6)
        self._socket = socket.socket(sock.family, sock.type, sock.proto, sock.fileno()) if is_tcp else None
        self.file = -1 if self._socket is None else self._socket.fileno()

    @property
    def is_readable(self) -> bool:
        """Whether it can be read in turns."""
        return ARE_POSSIBLE and self._socket is not None

    def pause(self) -> None:
        """Leave what comes in the kernel, until it is read or resumed."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Have the event loop read what comes."""
        self._transport.resume_reading()

    def read(self) -> bytes:
        """Return what has come; nothing also when the other side is gone, which the transport finds out by itself."""
        try:
            return b"" if self._socket is None else self._socket.recv(READ_BYTES)
        except OSError:
            return b""

    def age_s(self) -> float:
        """Return for how many seconds the bytes that were just read had waited in the kernel; 0 if it does not tell."""
        if self._socket is None or TCP_INFO is None:
            return 0.0
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, TCP_INFO, _LAST_DATA_RECEIVED.size)
        except OSError:  # closed meanwhile
            return 0.0
        return float(_LAST_DATA_RECEIVED.unpack(info)[0]) / 1e3

    def end(self) -> None:
        """Let go of the file, which is the transport's to close."""
        if self._socket is not None:
            self._socket.detach()
            self._socket = None


class LingeringTransport(asyncio.Transport):
    """A transport that, closed while the other side still sends, says so and leaves the socket open for a moment.

    Closing with unread bytes resets the connection, and the other side loses the answer that tells it why.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._is_sending = is_sending
        self._is_closing = False
        self.write = transport.write  # type: ignore[method-assign]
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]

    def let_go(self) -> None:
        """Ask the protocol nothing any more."""
        self._is_sending = bool

    def resume_reading(self) -> None:
        """Read on, also to throw away what comes."""
        self._transport.resume_reading()

    def is_closing(self) -> bool:
        """Return whether no more is written."""
        return self._is_closing or self._transport.is_closing()

    def close(self) -> None:
        """Write what was given, say that no more comes, and close unless the other side still sends."""
        if self.is_closing():
            return
        self._is_closing = True
        if self._is_sending() and self._transport.can_write_eof():
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._is_closing = True
        self._transport.abort()
