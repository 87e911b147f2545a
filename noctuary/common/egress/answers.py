"""How much of an answer is read, also once it is unpacked."""

import zlib

import httpx

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""A page of a hundred incidents with long texts is below one megabyte."""
MAX_PARTS = 16_384
"""An answer in bits of a few bytes costs time for each: no server of an API sends such."""
ACCEPTED_ENCODING = "gzip"
Headers = list[tuple[bytes, bytes]]


class AnswerTooLarge(httpx.ReadError):
    """An answer is beyond what is read."""


class Body:
    """The body of an answer while it comes in."""

    def __init__(self, limit: int = MAX_ANSWER_BYTES) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Take the next part; raise AnswerTooLarge beyond the bounds."""
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limit or len(self._parts) > MAX_PARTS:
            raise AnswerTooLarge(f"the answer has more than {self._limit} bytes, or more than {MAX_PARTS} parts")

    def whole(self) -> bytes:
        """Return all parts as one."""
        return b"".join(self._parts)


def unpack(headers: Headers, body: bytes, limit: int = MAX_ANSWER_BYTES) -> tuple[Headers, bytes]:
    """Return headers and body without a content encoding.

    Raises AnswerTooLarge, and httpx.DecodingError for an encoding that was not asked for.
    """
    encoding = b",".join(value for name, value in headers if name.lower() == b"content-encoding").strip().lower()
    if not encoding:
        return headers, body
    kept = [(name, value) for name, value in headers if name.lower() not in (b"content-encoding", b"content-length")]
    if encoding == b"identity" or not body:
        return kept, body
    if encoding not in (b"gzip", b"x-gzip"):
        raise httpx.DecodingError("the answer is packed in a way that was not asked for")
    return kept, _gunzip(body, limit)


def _gunzip(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise httpx.DecodingError("the answer cannot be unpacked") from error
    if len(unpacked) > limit:
        raise AnswerTooLarge(f"the answer has more than {limit} bytes unpacked")
    if not unpacker.eof:
        raise httpx.DecodingError("the answer is packed and cut off")
    return unpacked
