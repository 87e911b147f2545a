"""How an answer leaves: its head and body together, and nothing of what would be no HTTP."""

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from noctuary.serving.exchange import Exchange

START = "http.response.start"
BODY = "http.response.body"


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True


def exchange(wire: Wire, method: str = "POST", *, keep_alive: bool = True) -> Exchange:
    log = logging.getLogger("test")
    scope: Any = {"type": "http", "method": method, "http_version": "1.1", "path": "/"}
    return Exchange(
        scope, wire, FlowControl(wire), log, log, False, [(b"date", b"now")], asyncio.Event(), False, keep_alive,
        lambda: None,
    )  # fmt: skip


def app_of(*messages: dict[str, Any]) -> Any:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": START, "status": status, "headers": list(headers)}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": BODY, "body": data, "more_body": more}


LENGTH_2 = (b"content-length", b"2")


OK = b"200 OK\r\ndate: now\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
OF_LENGTH_2 = OK + b"content-length: 2\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "messages", "written"),
    [
        ("POST", [start(201, LENGTH_2), body(b"{}")], [b"201 Created\r\ndate: now\r\ncontent-length: 2\r\n\r\n{}"]),
        ("GET", [start(200), body(b"ab")], [CHUNKED + b"2\r\nab\r\n0\r\n\r\n"]),
        ("GET", [start(200), body(b"a", more=True), body(b"")], [CHUNKED + b"1\r\na\r\n", b"0\r\n\r\n"]),
        ("GET", [start(200, LENGTH_2), body(b"a", more=True), body(b"b")], [OF_LENGTH_2 + b"a", b"b"]),
        ("HEAD", [start(200, LENGTH_2), body(b"ab")], [OF_LENGTH_2]),
        ("GET", [start(204), body(b"")], [b"204 No Content\r\ndate: now\r\n\r\n"]),
    ],
)  # fmt: skip
async def test_an_answer_is_as_few_packets_as_it_has_bodies(
    method: str, messages: list[dict[str, Any]], written: list[bytes]
) -> None:
    wire = Wire()
    await exchange(wire, method).run_asgi(app_of(*messages))
    assert wire.written == [b"HTTP/1.1 " + written[0], *written[1:]]
    assert not wire.is_closed


@pytest.mark.parametrize(
    "messages",
    [
        [start(200, (b"x", b"a\r\nset-cookie: b")), body(b"")],
        [start(200, LENGTH_2), body(b"abc")],
        [start(200, LENGTH_2), body(b"a")],
        [start(200, LENGTH_2), body(b"abc", more=True)],
        [body(b"")],
        [],
        [start(200)],
    ],
)
async def test_what_would_be_no_answer_is_a_fault_of_ours(
    messages: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire()
    with caplog.at_level(logging.CRITICAL):
        await exchange(wire).run_asgi(app_of(*messages))
    assert wire.written[0].startswith(b"HTTP/1.1 500 ") and len(wire.written) == 1
    assert b"cookie" not in wire.written[0]


async def test_an_answer_that_ends_early_ends_the_connection() -> None:
    wire = Wire()
    await exchange(wire).run_asgi(app_of(start(200, LENGTH_2), body(b"a", more=True)))
    assert wire.is_closed


@pytest.mark.parametrize(
    ("keep_alive", "headers", "lines"),
    [(False, [], 1), (False, [(b"connection", b"close")], 1), (True, [(b"connection", b"close")], 1), (True, [], 0)],
)
async def test_a_connection_that_ends_says_so_once(
    keep_alive: bool, headers: list[tuple[bytes, bytes]], lines: int
) -> None:
    wire = Wire()
    await exchange(wire, keep_alive=keep_alive).run_asgi(app_of(start(200, *headers), body(b"")))
    assert wire.written[0].count(b"connection: close") == lines
    assert wire.is_closed is bool(lines)
