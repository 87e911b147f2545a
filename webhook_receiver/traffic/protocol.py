"""HTTP/1.1 of a port: uvicorn's protocol, with every byte counted before it is kept."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from webhook_receiver.traffic.connections import Connections, Phase, share_key
from webhook_receiver.traffic.pool import Share
from webhook_receiver.traffic.read_turns import ARE_POSSIBLE
from webhook_receiver.traffic.transport import LingeringTransport, ReceiptClock

MAX_HEAD_BYTES = 32 * 1024
"""Request line, headers and trailers; ingress controllers pass on half of that at most."""
MAX_URL_BYTES = 8 * 1024
"""As most servers have it; ours are below 200."""
MAX_HEADERS = 100
"""An ingress controller adds about fifteen to PagerDuty's ten."""
MAX_FRAMING_BYTES = 1024 * 1024
"""What chunks cost beside the body: 2 MiB in chunks of 16 bytes."""
MAX_UNASKED_BYTES = 2 * 1024 * 1024
"""Of a body that was refused at once: a sender may end what it began, and use the connection again."""
MAX_PIPELINED = 8
"""Requests that wait for an answer of the same connection; those who call us send one at a time."""
HEAD_TIMEOUT_S = 10.0
"""From the first byte of a head to its last: it is one packet."""
MESSAGE_TIMEOUT_S = 15.0
"""From the head to the last byte of the body; the body itself is waited for 10 s, then the sender may read why not."""
ANSWER_TIMEOUT_S = 10.0
"""A sender that does not take its answer for so long is gone."""
LINGER_S = 2.0
"""After an answer that ends the connection early the sender may read it before what it sends is refused."""
SENT_POLL_S = 0.05
"""How often a sender that is slow to take its answer is looked at."""


_IDLE, _HEAD, _BODY = Phase.IDLE, Phase.HEAD, Phase.BODY  # looked up several times a request


class Refusal(NamedTuple):
    """Why a connection is ended by us: the limit that was met, and what the sender reads."""

    limit: str
    status: int
    text: bytes


HEAD_TOO_LARGE = Refusal("head_bytes", 431, b"The head of the request is too large")
URL_TOO_LONG = Refusal("url_bytes", 414, b"The URL is too long")
FRAMING_TOO_LARGE = Refusal("framing_bytes", 400, b"The chunks of the body are too small")
MALFORMED = Refusal("malformed", 400, b"Invalid HTTP request received.")
HEADS_FULL = Refusal("heads_bytes", 503, b"Too much is being received at once")
UNASKED = Refusal("unasked_bytes", 0, b"")
PIPELINED = Refusal("pipelining", 0, b"")


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class BoundedProtocol(HttpToolsProtocol):
    """One connection of a port. A request's scope tells when it began, and calls back when its answer was sent."""

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._table = connections
        self.access_log = False  # the path of a webhook holds its token
        self.address = ""
        self.reading = _IDLE
        self.since = time.monotonic()
        self._arrived_at = 0.0
        self._is_deaf = False
        self._receipt: ReceiptClock | None = None
        self._below: asyncio.Transport | None = None
        self._waiting_file: int | None = None
        self._refusal: Refusal | None = None
        self._unread = 0
        self._head_bytes = self._headers = self._wire_bytes = self._body_bytes = 0
        self._head_held = 0
        self._write_paused_at: float | None = None

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place among the connections, or end at once."""
        lingering = LingeringTransport(transport, self._linger)
        self._receipt = ReceiptClock(transport)
        self._below = transport
        super().connection_made(lingering)
        self.address = share_key(self.client[0] if self.client else "")
        if not self._table.add(self):
            self._is_deaf = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._table.remove(self)
        self._hold_head(0)
        if self._waiting_file is not None:
            self._table.turns.forget(self._waiting_file)
        if self._receipt is not None:
            self._receipt.end()
        super().connection_lost(exc)

    @property
    def phase(self) -> Phase:
        """Return what the connection is doing."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return self.reading if self.reading is not _IDLE or not is_answering else Phase.ANSWER

    def overdue(self, now: float) -> str | None:
        """Return which limit of time was passed; an empty text for a connection that was only idle or is ending."""
        age = now - self.since
        if self._write_paused_at is not None and now - self._write_paused_at > ANSWER_TIMEOUT_S:
            return "answer_time"
        if self._is_deaf:
            return "" if age > LINGER_S and self.phase is not Phase.ANSWER else None
        if self.transport.is_closing():
            return "answer_time" if age > ANSWER_TIMEOUT_S else None
        if self.flow.read_paused:  # it is us who do not read
            return None
        match self.phase:
            case Phase.HEAD:
                return "head_time" if age > HEAD_TIMEOUT_S else None
            case Phase.BODY:
                return "message_time" if age > MESSAGE_TIMEOUT_S else None
            case Phase.IDLE:
                return "" if age > self.timeout_keep_alive else None
        return None

    def cut(self) -> None:
        """End it at once."""
        self._is_deaf = True
        self.transport.abort()

    def shutdown(self) -> None:
        """End it when its answer is sent, at once when it has none to send."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            self.cycle.keep_alive = False

    def _enter(self, phase: Phase) -> None:
        self.reading = phase
        self.since = time.monotonic()

    def _linger(self) -> bool:
        """Return whether the other side still sends, so that closing now would lose it the answer."""
        is_sending = self.reading is not _IDLE
        self._is_deaf = True
        self.since = time.monotonic()
        return is_sending

    # What is read

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser, never more at once than may be kept."""
        if self._is_deaf:
            return
        self._arrived_at = time.perf_counter()
        if self.reading is _IDLE:
            self._enter(_HEAD)
            self._head_bytes = self._unread = 0
            if self._receipt is not None:
                self._arrived_at -= self._receipt.age_s()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal or MALFORMED)
        except _Refused as refused:
            self._refuse(refused.refusal)

    def _feed(self, data: bytes) -> None:
        size = len(data)
        while data:
            room = MAX_HEAD_BYTES - self._unread
            if room <= 0:
                raise _Refused(HEAD_TOO_LARGE)
            part, data = (data, b"") if len(data) <= room else (data[:room], data[room:])
            self._unread += len(part)
            self._wire_bytes += len(part)
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserUpgrade as upgrade:  # we follow none: the request is served as it is
                data = part[max(1, upgrade.args[0]) :] + data
            if self.reading is _BODY and self._wire_bytes - self._body_bytes > MAX_FRAMING_BYTES:
                raise _Refused(FRAMING_TOO_LARGE)
        self._hold_head(min(self._head_held + size, 2 * MAX_HEAD_BYTES) if self.reading is _HEAD else 0)

    def _hold_head(self, size: int) -> None:
        if size == self._head_held:
            return
        shares = (Share(self.address, 4.0),)
        self._table.heads.give_back(shares, self._head_held)
        self._head_held = 0
        if not self._table.heads.take(shares, size):
            raise _Refused(HEADS_FULL)
        self._head_held = size

    def _stop(self, refusal: Refusal) -> NoReturn:
        """End the parser's work from inside a call of it, which tells no other error than its own."""
        self._refusal = refusal
        raise _Refused(refusal)

    def on_message_begin(self) -> None:
        """Begin a request."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(PIPELINED)
        super().on_message_begin()
        self.scope["began_at"] = self._arrived_at  # type: ignore[typeddict-unknown-key]
        self.scope["when_sent"] = self.when_sent  # type: ignore[typeddict-unknown-key]
        if self.reading is not _HEAD:
            self._enter(_HEAD)
        self._head_bytes = self._headers = self._unread = self._wire_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Keep a part of the URL."""
        super().on_url(url)
        self._head_bytes += len(url)
        if len(self.url) > MAX_URL_BYTES:
            self._stop(URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; a trailer is only counted: nobody may add to what was checked already."""
        self._headers += 1
        self._head_bytes += len(name) + len(value)
        if self._headers > MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            self._stop(HEAD_TOO_LARGE)
        if self.reading is _HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to serve the request."""
        super().on_headers_complete()
        self._unread = self._wire_bytes = 0
        self._enter(_BODY)

    def on_chunk_header(self) -> None:
        """Begin a chunk: its extensions were bounded, and are forgotten."""
        self._unread = 0

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body until the application asks for it."""
        self._unread = 0
        self._body_bytes += len(body)
        if self.cycle.response_complete and self._body_bytes > MAX_UNASKED_BYTES:
            self._stop(UNASKED)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; its answer may be under way."""
        self._unread = 0
        self._enter(_IDLE)
        self.scope["is_whole"] = True  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()

    # What is written

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be served, or end the connection behind the answers that are under way."""
        self._table.tell(refusal.limit, address=self.address)
        self._is_deaf = True
        self._hold_head(0)
        newest = self.cycle
        if newest is None or newest.response_complete:
            is_answered = self.reading is _BODY
        elif self.reading is not _BODY:
            newest.keep_alive = False
            return
        else:
            is_answered = newest.response_started or bool(self.pipeline)
            newest.disconnected = True
            newest.message_event.set()
        if not is_answered:
            self.transport.write(_plain_answer(refusal))
        self.transport.close()

    def on_response_complete(self) -> None:
        """Serve the next request of the connection, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self.reading is _IDLE:
            self.since = time.monotonic()
            if not self.scope.get("goes_first"):
                self._wait_for_turn()

    def _wait_for_turn(self) -> None:
        """Leave what comes next in the kernel until it is this connection's turn to be read."""
        below = self._below
        sock = below.get_extra_info("socket") if below is not None and ARE_POSSIBLE else None
        if below is not None and sock is not None and not below.is_closing():
            below.pause_reading()
            self._waiting_file = sock.fileno()
            self._table.turns.wait(self._waiting_file, self._take_turn)

    def _take_turn(self) -> None:
        self._waiting_file = None
        if self._below is not None and not self._below.is_closing():
            self._below.resume_reading()

    def when_sent(self, tell: Callable[[], None]) -> None:
        """Call back when all that was written is with the kernel; never when the connection is lost before."""
        self.loop.call_soon(self._tell_when_sent, tell)

    def _tell_when_sent(self, tell: Callable[[], None]) -> None:
        if self.transport.get_write_buffer_size() == 0:
            tell()
        elif not self.transport.is_closing():
            self.loop.call_later(SENT_POLL_S, self._tell_when_sent, tell)

    def pause_writing(self) -> None:
        """Wait for a sender that does not take its answers."""
        self._write_paused_at = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on: it took them."""
        self._write_paused_at = None
        super().resume_writing()


def _plain_answer(refusal: Refusal) -> bytes:
    text = b'{"error":"%s"}' % refusal.text
    headers = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    return STATUS_LINE[refusal.status] + headers % len(text) + text
