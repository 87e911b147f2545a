"""What a connection is refused for, and what its sender reads then."""

from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE


class Refusal(NamedTuple):
    """Why a connection is ended by us: the limit that was met, and what the sender reads."""

    limit: str
    status: int
    text: bytes


HEAD_TOO_LARGE = Refusal("head_bytes", 431, b"The head of the request is too large")
URL_TOO_LONG = Refusal("url_bytes", 414, b"The URL is too long")
FRAMING_TOO_LARGE = Refusal("framing_bytes", 400, b"The chunks of the body are too small")
MALFORMED = Refusal("malformed", 400, b"Invalid HTTP request received.")
NOT_ONE_HOST = Refusal("malformed", 400, b"The request needs exactly one Host header")
CODED = Refusal("malformed", 501, b"Transfer-Encoding is not supported but for chunked; send the body as it is")
EXPECTING = Refusal("malformed", 417, b"Expect is not supported but for 100-continue; leave it out")
OTHER_VERSION = Refusal("malformed", 505, b"Only HTTP/1.1 and HTTP/1.0 are spoken here")
HEADS_FULL = Refusal("heads_bytes", 503, b"Too much is being received at once")
UNASKED = Refusal("unasked_bytes", 0, b"")
PIPELINED = Refusal("pipelining", 0, b"")


class RequestRefused(Exception):
    """Ends the parser's work on a connection."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def plain_answer(refusal: Refusal) -> bytes:
    """Return the bytes of an answer that ends the connection."""
    text = b'{"error":"%s"}' % refusal.text
    headers = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    return STATUS_LINE[refusal.status] + headers % len(text) + text
