"""A call goes to checked addresses only, follows nobody elsewhere, and ends within its bounds."""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
import uvloop

from noctuary.common.egress import answers, connections, transport
from noctuary.common.egress.policy import EgressPolicy
from noctuary.common.errors import EgressRefused
from tests.unit.egress.servers import ANYWHERE, Names, asking, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LISTED = EgressPolicy(("api.test",), plain_http=True)


def packed(body: bytes, encoding: bytes = b"gzip") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (encoding, len(body), body)


async def test_calls_one_after_another_share_a_connection() -> None:
    async with serving(OK) as server, asking(ANYWHERE) as client:
        texts = [(await client.get(server.url)).text for _ in range(3)]
        assert (texts, server.connections) == (["ok"] * 3, 1)


async def test_calls_side_by_side_have_a_connection_each_and_leave_them_to_the_next() -> None:
    async with serving(OK) as server, asking(ANYWHERE) as client:
        for _ in range(2):
            await asyncio.gather(*(client.get(server.url) for _ in range(4)))
        assert server.connections == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://[::]/",
    ],
)
async def test_the_metadata_of_the_node_is_never_asked_whatever_is_allowed(url: str) -> None:
    async with asking(ANYWHERE) as client:
        with pytest.raises(EgressRefused, match="no server of an API"):
            await client.get(url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1"]
)
async def test_a_listed_name_that_leads_inside_is_not_connected_to(address: str) -> None:
    async with serving(OK) as server, asking(LISTED, Names(api=[[address]])) as client:
        with pytest.raises(EgressRefused, match=r"host api.test "):
            await client.get(f"http://api.test:{server.port}/")
        assert server.connections == 0


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "[::1]"])
async def test_a_host_that_is_not_listed_is_not_even_looked_up(host: str) -> None:
    names = Names()
    async with serving(OK) as server, asking(LISTED, names) as client:
        with pytest.raises(EgressRefused, match="NOCTUARY_EGRESS_HOSTS"):
            await client.get(f"http://{host}:{server.port}/")
        assert (names.asked, server.connections) == ([], 0)


async def test_a_name_is_looked_up_once_so_that_a_second_answer_changes_nothing() -> None:
    names = Names(api=[["127.0.0.1"], ["169.254.169.254"]])
    policy = EgressPolicy(("api.test",), private_hosts=("api.test",), plain_http=True)
    async with serving(OK) as server, asking(policy, names) as client:
        assert (await client.get(f"http://api.test:{server.port}/")).text == "ok"
        assert names.asked == ["api.test"]


async def test_a_name_that_leads_elsewhere_next_time_is_checked_again() -> None:
    names = Names(api=[["127.0.0.1"], ["169.254.169.254"]])
    policy = EgressPolicy(("api.test",), private_hosts=("api.test",), plain_http=True)
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    async with serving(closing) as server, asking(policy, names) as client:
        await client.get(f"http://api.test:{server.port}/")
        with pytest.raises(EgressRefused):
            await client.get(f"http://api.test:{server.port}/")
        assert server.connections == 1


async def test_the_next_address_is_tried_when_the_first_refuses() -> None:
    names = Names(api=[["127.0.0.2", "127.0.0.1"]])
    async with serving(OK) as server, asking(ANYWHERE, names) as client:
        assert (await client.get(f"http://api.test:{server.port}/")).text == "ok"


async def test_a_name_of_another_script_is_listed_and_looked_up_as_dns_has_it() -> None:
    names, policy = Names(), EgressPolicy(("xn--bcher-kva.test",), private_hosts=("*",), plain_http=True)
    async with serving(OK) as server, asking(policy, names) as client:
        assert (await client.get(f"http://b\u00fccher.test:{server.port}/")).text == "ok"
    assert names.asked == ["xn--bcher-kva.test"]


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with serving(OK) as other:
        moved = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % other.url.encode()
        async with serving(moved) as server, asking(ANYWHERE) as client:
            assert (await client.get(server.url)).status_code == 302
        assert other.connections == 0


async def test_a_caller_that_follows_redirects_is_held_by_the_same_guard() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    async with serving(moved) as server, asking(ANYWHERE) as client:
        with pytest.raises(EgressRefused):
            await client.get(server.url, follow_redirects=True)


@pytest.mark.parametrize(
    "body",
    [
        b"x" * (answers.MAX_ANSWER_BYTES + 1),
        b"",  # without a length: until the connection ends
    ],
    ids=["with a length", "without a length"],
)
async def test_an_answer_beyond_the_bound_is_given_up(body: bytes) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: %d\r\n" % len(body) if body else b"") + b"\r\n" + body)
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with serving(say) as server, asking(ANYWHERE) as client:
        with pytest.raises(answers.AnswerTooLarge):
            await client.get(server.url)


async def test_an_answer_of_endless_small_parts_is_given_up() -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\nx\r\n" * 1000)
            await writer.drain()

    async with serving(say) as server, asking(ANYWHERE) as client:
        with pytest.raises(answers.AnswerTooLarge):
            await client.get(server.url)


async def test_a_packed_answer_is_unpacked_up_to_the_bound() -> None:
    async with serving(packed(gzip.compress(b"text"))) as server, asking(ANYWHERE) as client:
        assert (await client.get(server.url)).text == "text"
    bomb = gzip.compress(bytes(answers.MAX_ANSWER_BYTES + 1))
    async with serving(packed(bomb)) as server, asking(ANYWHERE) as client:
        with pytest.raises(answers.AnswerTooLarge):
            await client.get(server.url)


@pytest.mark.parametrize(
    "answer",
    [
        packed(zlib.compress(b"text"), b"deflate"),
        packed(gzip.compress(gzip.compress(b"text", mtime=0), mtime=0), b"gzip, gzip"),
        packed(b"text", b"br"),
        packed(b"text"),
        packed(gzip.compress(b"text" * 100, mtime=0)[:-9]),
    ],
    ids=["deflate", "twice", "brotli", "a lie", "cut off"],
)
async def test_what_cannot_be_unpacked_is_no_answer(answer: bytes) -> None:
    async with serving(answer) as server, asking(ANYWHERE) as client:
        with pytest.raises(httpx.DecodingError):
            await client.get(server.url)


async def test_an_answer_that_drips_is_given_up_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.01)

    monkeypatch.setattr(transport, "TOTAL_S", 0.2)
    async with serving(say) as server, asking(ANYWHERE) as client:
        with pytest.raises(httpx.ReadTimeout, match="not complete"):
            await client.get(server.url)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"no HTTP\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, httpx.RemoteProtocolError),
    ],
)
async def test_a_broken_answer_is_an_error_of_httpx(answer: bytes, error: type[Exception]) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with serving(say) as server, asking(ANYWHERE) as client:
        with pytest.raises(error):
            await client.get(server.url)


async def test_a_silent_server_is_a_timeout_and_its_connection_is_not_used_again() -> None:
    async def say(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(say) as server, asking(ANYWHERE) as client:
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                await client.get(server.url, timeout=0.1)
        assert server.connections == 2


async def test_a_cancelled_call_leaves_neither_slot_nor_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def say(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    monkeypatch.setattr(connections, "MAX_PER_ORIGIN", 1)
    async with serving(say) as server, asking(ANYWHERE) as client:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get(server.url), 0.05)
        assert server.connections == 3


async def test_a_host_that_hangs_takes_no_place_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    monkeypatch.setattr(connections, "MAX_PER_ORIGIN", 2)
    async with serving(hang) as hanging, serving(OK) as server, asking(ANYWHERE) as client:
        stuck = [asyncio.create_task(client.get(hanging.url)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (await client.get(server.url)).text == "ok"
        assert hanging.connections == 2
        ended = await asyncio.gather(*stuck, return_exceptions=True)
        assert {type(error) for error in ended} <= {httpx.ReadTimeout, httpx.PoolTimeout}


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)

    async with serving(say) as server, asking(ANYWHERE) as client:
        for _ in range(3):
            assert (await client.get(server.url)).text == "ok"
            await asyncio.sleep(0.02)
        assert server.connections == 3


async def test_what_a_server_says_unasked_is_no_answer_to_the_next_call() -> None:
    async with serving(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil") as server, asking(ANYWHERE) as client:
        assert [(await client.get(server.url)).text for _ in range(2)] == ["ok", "ok"]
        assert server.connections == 2


async def test_connections_that_nobody_needs_are_closed_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEEPALIVE_S", 0.05)
    async with serving(OK) as server, asking(ANYWHERE) as client:
        await client.get(server.url)
        await asyncio.sleep(0.2)
        guarded = client._transport
        assert isinstance(guarded, transport.GuardedTransport)
        assert guarded._connections._places == {}


@pytest.mark.parametrize(
    "ask",
    [
        test_calls_side_by_side_have_a_connection_each_and_leave_them_to_the_next,
        test_the_next_address_is_tried_when_the_first_refuses,
        test_a_silent_server_is_a_timeout_and_its_connection_is_not_used_again,
        test_a_connection_that_the_server_closed_meanwhile_is_replaced,
        test_what_a_server_says_unasked_is_no_answer_to_the_next_call,
        test_an_answer_of_endless_small_parts_is_given_up,
    ],
)
def test_it_is_the_same_on_the_loop_of_the_processes(ask: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())
