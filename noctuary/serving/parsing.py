"""What is read of a connection: httptools' callbacks, with every byte counted before it is kept."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, NoReturn, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from noctuary.serving.connections import Connections, Phase
from noctuary.serving.exchange import Exchange
from noctuary.serving.heads import refusal_of, url_parts, without_offer
from noctuary.serving.pool import Share
from noctuary.serving.refusals import (
    FRAMING_TOO_LARGE,
    HEAD_TOO_LARGE,
    HEADS_FULL,
    MALFORMED,
    PIPELINED,
    UNASKED,
    URL_TOO_LONG,
    Refusal,
    RequestRefused,
)

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

IDLE, HEAD, BODY = Phase.IDLE, Phase.HEAD, Phase.BODY  # looked up several times a request


class CountingProtocol(HttpToolsProtocol):
    """The reading half of a connection; a request's scope tells when it began, and calls `when_sent` back."""

    cycle: Exchange
    _table: Connections
    address = ""
    reading = IDLE
    since = 0.0
    _arrived_at = 0.0
    _refusal: Refusal | None = None
    _unread = _head_bytes = _headers = _wire_bytes = _body_bytes = _head_held = 0

    def _enter(self, phase: Phase) -> None:
        self.reading = phase
        self.since = time.monotonic()

    def _feed(self, data: bytes) -> None:
        """Hand bytes to the parser, never more at once than may be kept; raise RequestRefused or HttpParserError."""
        rest = memoryview(data)
        while rest:
            room = MAX_HEAD_BYTES - self._unread
            if room <= 0:
                raise RequestRefused(HEAD_TOO_LARGE)
            part, rest = rest[:room], rest[room:]
            self._unread += len(part)
            self._wire_bytes += len(part)
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserUpgrade as upgrade:
                rest = memoryview(data)[len(data) - len(rest) - len(part) + upgrade.args[0] :]
                self._read_without_offer()
            if self.reading is BODY and self._wire_bytes - self._body_bytes > MAX_FRAMING_BYTES:
                raise RequestRefused(FRAMING_TOO_LARGE)
        self._hold_head(min(self._head_held + len(data), 2 * MAX_HEAD_BYTES) if self.reading is HEAD else 0)

    def _read_without_offer(self) -> None:
        """Read a head again without the other protocol that it offers: the parser takes all behind one for that."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise RequestRefused(MALFORMED)
        head = without_offer(method, self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn begins with it
        self.parser.feed_data(head)

    def _hold_head(self, size: int) -> None:
        if size == self._head_held:
            return
        shares = (Share(self.address, 4.0),)
        self._table.heads.give_back(shares, self._head_held)
        self._head_held = 0
        if size and not self._table.heads.take(shares, size):
            raise RequestRefused(HEADS_FULL)
        self._head_held = size

    def _stop(self, refusal: Refusal) -> NoReturn:
        """End the parser's work from inside a call of it, which tells no other error than its own."""
        self._refusal = refusal
        raise RequestRefused(refusal)

    def on_message_begin(self) -> None:
        """Begin a request."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(PIPELINED)
        super().on_message_begin()
        self.scope["began_at"] = self._arrived_at  # type: ignore[typeddict-unknown-key]
        if self.reading is not HEAD:
            self._enter(HEAD)
        self._head_bytes = self._headers = self._unread = self._wire_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Keep a part of the URL."""
        self.url += url
        self._head_bytes += len(url)
        if len(self.url) > MAX_URL_BYTES:
            self._stop(URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; a trailer is only counted: nobody may add to what was checked already."""
        self._headers += 1
        self._head_bytes += len(name) + len(value)
        if self._headers > MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            self._stop(HEAD_TOO_LARGE)
        if self.reading is HEAD:
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Begin to serve the request, or let it wait for the answer before."""
        if self.parser.should_upgrade():
            return  # it is read again
        refusal = refusal_of(self.parser.get_http_version(), self.headers)
        if refusal is not None:
            self._stop(refusal)
        exchange = self._exchange()
        before, self.cycle = self.cycle, exchange
        if before is None or before.response_complete:
            self._start_asgi_task(exchange, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))
        self._unread = self._wire_bytes = 0
        self._enter(BODY)

    def _exchange(self) -> Exchange:
        version: str = self.parser.get_http_version()
        scope = cast("dict[str, Any]", self.scope)
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["when_sent"] = self.when_sent
        scope["drop_body"] = self.drop_body
        scope["hold_others"] = self._table.turns.hold
        scope.update(url_parts(self.url))
        return Exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,  # the path of a webhook holds its token
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue and version != "1.0",
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )

    def drop_body(self) -> None:
        """Keep nothing of a body that will not be asked for: its answer may have to wait."""
        if not self.pipeline:  # else the newest exchange is another one, and nothing more is read
            self.cycle.is_unwanted = True
            self.cycle.body = bytearray()

    def when_sent(self, tell: Callable[[], None]) -> None:
        """Call back when all that was written is with the kernel; never when the connection is lost before."""
        raise NotImplementedError

    def on_chunk_header(self) -> None:
        """Begin a chunk: its extensions were bounded, and are forgotten."""
        self._unread = 0

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body until the application asks for it, unless it said that it will not."""
        self._unread = 0
        self._body_bytes += len(body)
        is_unasked = self.cycle.response_complete or self.cycle.is_unwanted
        if is_unasked and self._body_bytes > MAX_UNASKED_BYTES:
            self._stop(UNASKED)
        if not is_unasked:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; its answer may be under way."""
        if self.parser.should_upgrade():
            return
        self._unread = 0
        self._enter(IDLE)
        self.scope["is_whole"] = True  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()
