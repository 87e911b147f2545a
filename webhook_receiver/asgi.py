"""What the two hot routes share: reading a body within bounds, and answering, as plain ASGI."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any

import msgspec
import structlog

from noctuary.common.errors import NoctuaryError, NotReady

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY_BYTES = 2 * 1024 * 1024
"""Eight times what PagerDuty ever sends, and the cap of its own reference verifier."""
MAX_LENGTH_DIGITS = 18
"""What follows is no length; Python refuses to read numbers of thousands of digits."""
BODY_TIMEOUT_S = 10.0
"""Twice as long as PagerDuty itself waits; a slower sender would only hold memory."""
MAX_BODIES_BYTES = 128 * 1024 * 1024
"""All bodies that are being read or stored at once; slow senders must not use up the memory of the others."""


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer; `outcome` is the value of the metric's label."""

    status: int
    outcome: str
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Refused(NoctuaryError):
    """A request that is answered at once with the given answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.outcome)
        self.answer = answer


def refuse(status: int, outcome: str, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    """Return the refusal of a request, with the reason in its body."""
    return Refused(_error_answer(status, outcome, message, headers))


def answer_for(error: NoctuaryError) -> Answer:
    """Return the answer that an error means, by its own status; one that may pass says when to retry.

    An error that is neither ours to wait for nor the sender's fault is a bug: its text goes to the log, not out.
    """
    if isinstance(error, Refused):
        return error.answer
    if error.retryable:
        headers = {"retry-after": str(math.ceil(error.retry_after_s))}
        return _error_answer(error.http_status, "not_ready", str(error), headers)
    if error.http_status < 500:
        return _error_answer(error.http_status, "malformed", str(error))
    log.error("Request failed by a bug", error=str(error), exc_info=error)
    return _error_answer(error.http_status, "not_ready", "Internal error; the log of the receiver names it")


def _error_answer(status: int, outcome: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, outcome, msgspec.json.encode({"error": message}), headers or {})


async def answer_of(handling: Awaitable[Answer]) -> Answer:
    """Turn an error on the way into its answer."""
    try:
        return await handling
    except NoctuaryError as error:
        return answer_for(error)


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return a header as it came; several of one name are joined by commas, as HTTP allows."""
    values = [value for key, value in scope["headers"] if key == name]
    return b",".join(values) if values else None


class BodyBudget:
    """Bounds the memory of bodies, from before they are read until they are stored."""

    def __init__(self, limit_bytes: int = MAX_BODIES_BYTES) -> None:
        self._free_bytes = limit_bytes

    @contextlib.contextmanager
    def hold(self, scope: Scope) -> Iterator[None]:
        """Reserve the memory that a body may need; raise NotReady when that is not free."""
        size = min(_announced_bytes(scope), MAX_BODY_BYTES)
        if size > self._free_bytes:
            raise NotReady("Too much is being received at once", retry_after_s=1)
        self._free_bytes -= size
        try:
            yield
        finally:
            self._free_bytes += size


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """Read the body; raise Refused when it is too large, by its Content-Length or while it is read."""
    if _announced_bytes(scope) > MAX_BODY_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _read_chunks(receive)
    except TimeoutError:
        raise NotReady("The body did not arrive in time") from None


def _announced_bytes(scope: Scope) -> int:
    """Return the Content-Length, the limit where there is none, and more than the limit for a number beyond reason."""
    length = header(scope, b"content-length") or b""
    if not length.isdigit():
        return MAX_BODY_BYTES
    return int(length) if len(length) <= MAX_LENGTH_DIGITS else MAX_BODY_BYTES + 1


async def _read_chunks(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise refuse(499, "malformed", "The sender went away")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large() -> Refused:
    message = f"The body is larger than {MAX_BODY_BYTES} bytes; send less at once"
    return refuse(413, "too_large", message, {"connection": "close"})


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer; bodies are JSON."""
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.body:
        headers.append((b"content-type", b"application/json"))
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
