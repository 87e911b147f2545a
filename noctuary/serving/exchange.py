"""One request and its answer: uvicorn's, with the head of an answer and its body in one packet."""

from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

BODILESS = frozenset({204, 304})


class Exchange(RequestResponseCycle):
    """Keeps the head of an answer until its body comes: two packets cost twice as much, on both sides."""

    is_unwanted = False
    """Whether the application said that it will not read the body."""
    _start: Any = None

    async def send(self, message: Any) -> None:
        """Take a message of the application; raise RuntimeError for one that is out of order."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None and not self.response_complete:
            self._send_body(message.get("body", b""), is_last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} came out of order")

    def _send_body(self, body: bytes, *, is_last: bool) -> None:
        head = b"" if self.response_started else self._head()
        is_head_only = self.scope["method"] == "HEAD"
        if not self.chunked_encoding:
            self.expected_content_length -= 0 if is_head_only else len(body)
            is_wrong = self.expected_content_length != 0 if is_last else self.expected_content_length < 0
            if is_wrong and not is_head_only:
                raise RuntimeError("The body is not as long as its Content-Length")
        elif body:
            body = b"%x\r\n%b\r\n" % (len(body), body)
        if is_last and self.chunked_encoding:
            body += b"0\r\n\r\n"
        self.response_started = True
        self.transport.write(head if is_head_only else head + body)
        if is_last:
            self._complete()

    def _head(self) -> bytes:
        """Return the head of the answer, and note what it says of its body and of the connection."""
        self.waiting_for_100_continue = False
        status: int = self._start["status"]
        lines = [STATUS_LINE[status], *self._lines([*self.default_headers, *self._start.get("headers", ())])]
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in BODILESS:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _lines(self, headers: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
        closes = False
        for name, value in headers:
            if b"\n" in value or b"\r" in value:
                raise RuntimeError("A header's value holds a line break")
            match name.lower():
                case b"content-length":
                    self.expected_content_length = int(value)
                    self.chunked_encoding = False
                case b"connection":
                    closes = b"close" in value.lower()
            yield b"%b: %b\r\n" % (name, value)
        self.keep_alive = self.keep_alive and not closes
        if not self.keep_alive and not closes:
            yield b"connection: close\r\n"

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
