"""The socket below a connection: how old its last bytes are, and how it is closed without losing an answer."""

import asyncio
import socket
import struct
from collections.abc import Callable

_LAST_DATA_RECEIVED = struct.Struct("=52xI")
"""tcpi_last_data_recv of Linux: milliseconds since the kernel took the last bytes of the other side."""
TCP_INFO = getattr(socket, "TCP_INFO", None)


def age_of_last_bytes_s(transport: asyncio.BaseTransport) -> float:
    """Return for how many seconds the bytes that were just read had waited in the kernel; 0 where it does not tell."""
    sock = transport.get_extra_info("socket")
    if TCP_INFO is None or sock is None:
        return 0.0
    try:
        info: bytes = sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, _LAST_DATA_RECEIVED.size)
    except OSError:  # no TCP, or closed meanwhile
        return 0.0
    return float(_LAST_DATA_RECEIVED.unpack(info)[0]) / 1e3


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
