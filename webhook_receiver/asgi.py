"""What the two hot routes share: reading a body within bounds, and answering, as plain ASGI."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec
import structlog

from noctuary.common.errors import NoctuaryError, NotReady
from noctuary.serving.connections import share_key
from webhook_receiver.traffic.bodies import HeldBody

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
    return _bug(error, error.http_status)


def _bug(error: Exception, status: int = 500) -> Answer:
    log.error("Request failed by a bug", error=str(error), exc_info=error)
    return _error_answer(status, "not_ready", "Internal error; the log of the receiver names it")


def _error_answer(status: int, outcome: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, outcome, msgspec.json.encode({"error": message}), headers or {})


async def answer_of(handling: Awaitable[Answer]) -> Answer:
    """Turn an error on the way into its answer."""
    try:
        return await handling
    except NoctuaryError as error:
        return answer_for(error)
    except Exception as error:  # noqa: BLE001 - uvicorn would answer in plain text
        return _bug(error)


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return a header as it came; several of one name are joined by commas, as HTTP allows."""
    values = [value for key, value in scope["headers"] if key == name]
    return b",".join(values) if values else None


def peer_of(scope: Scope) -> str:
    """Return the address that a request came from: behind an ingress controller its own, whatever headers say."""
    client = scope.get("client")
    return share_key(client[0]) if client else ""


async def read_body(scope: Scope, receive: Receive, held: HeldBody) -> bytes:
    """Read the body, charged as it arrives; raise Refused when it is too large, by its Content-Length or as it comes.

    Raises NotReady when it takes too long, or more memory than its sender may hold.
    """
    if _announced_bytes(scope) > MAX_BODY_BYTES:
        raise _too_large()
    if scope.get("is_whole"):
        return await _read_chunks(receive, held)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _read_chunks(receive, held)
    except TimeoutError:
        raise NotReady("The body did not arrive in time") from None


def _announced_bytes(scope: Scope) -> int:
    """Return the Content-Length, 0 where there is none, and more than the limit for a number beyond reason."""
    length = header(scope, b"content-length") or b""
    if not length.isdigit():
        return 0
    return int(length) if len(length) <= MAX_LENGTH_DIGITS else MAX_BODY_BYTES + 1


async def _read_chunks(receive: Receive, held: HeldBody) -> bytes:
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
        is_whole = not message.get("more_body", False)
        held.grow(size, is_whole=is_whole)
        chunks.append(chunk)
        if is_whole:
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


def drop_body(scope: Scope) -> None:
    """Have the server keep nothing of a body that will not be read, where it can."""
    scope.get("drop_body", _nothing)()


def hold_others(scope: Scope) -> AbstractContextManager[None]:
    """Have the server read fewer of the others' requests for as long as the context lasts, where it can."""
    held: AbstractContextManager[None] = scope.get("hold_others", nullcontext)()
    return held


def observe_ack(scope: Scope, started: float, observe: Callable[[float], None]) -> None:
    """Observe the seconds from a request's first byte until its answer, just sent, is with the kernel.

    `started` counts where the server below tells neither.
    """
    began: float = scope.get("began_at", started)
    scope.get("when_sent", _at_once)(lambda: observe(time.perf_counter() - began))


def _nothing() -> None:
    pass


def _at_once(tell: Callable[[], None]) -> None:
    tell()
