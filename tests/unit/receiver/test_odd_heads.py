"""A head that HTTP has servers refuse is refused in words, and its connection ended; what is only unusual is served."""

import json

import pytest

from testbed.posted_events import EVENT
from tests.unit.receiver.door import Door, webhook

ITEM = json.dumps(EVENT).encode()
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(ITEM), ITEM)
HOST = b"host: x\r\n"
KEY = b"authorization: Bearer key-a\r\n"
LENGTH = b"content-length: %d\r\n" % len(ITEM)


def post(headers: bytes, body: bytes = ITEM, version: bytes = b"1.1") -> bytes:
    return b"POST /v1/events HTTP/%b\r\n%b%b\r\n%b" % (version, KEY, headers, body)


ONE_HOST, CODING, EXPECTATION, VERSION = "exactly one Host", "Transfer-Encoding", "Expect", "HTTP/1.1 and HTTP/1.0"
REFUSED = [
    (post(LENGTH), 400, ONE_HOST),
    (post(HOST + HOST + LENGTH), 400, ONE_HOST),
    (post(b"host: x\r\nHost: y\r\n" + LENGTH), 400, ONE_HOST),
    (post(HOST + HOST + LENGTH, version=b"1.0"), 400, ONE_HOST),
    (post(LENGTH + b"connection: upgrade\r\nupgrade: h2c\r\n"), 400, ONE_HOST),
    (b"GET / HTTP/1.1\r\n\r\n", 400, ONE_HOST),
    (post(HOST + b"transfer-encoding: gzip, chunked\r\n", CHUNKS), 501, CODING),
    (post(HOST + b"transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n", CHUNKS), 501, CODING),
    (post(HOST + b"transfer-encoding: identity, chunked\r\n", CHUNKS), 501, CODING),
    (post(HOST + b"transfer-encoding: chunked;q=1, chunked\r\n", CHUNKS), 501, CODING),
    (post(HOST + LENGTH + b"expect: 200-ok\r\n"), 417, EXPECTATION),
    (post(HOST + LENGTH + b"expect: 100-continue, more\r\n"), 417, EXPECTATION),
    (post(HOST + LENGTH + b"expect: 100-continue\r\nexpect: more\r\n"), 417, EXPECTATION),
    (post(HOST + LENGTH, version=b"2.0"), 505, VERSION),
    (post(HOST + LENGTH, version=b"0.9"), 505, VERSION),
]
SERVED = [
    post(LENGTH, version=b"1.0"),
    post(HOST + LENGTH, version=b"1.0"),
    post(LENGTH + b"expect: 100-continue\r\n", version=b"1.0"),
    post(b"HOST:\r\n" + LENGTH),
    post(HOST + b"transfer-encoding: chunked\r\n", CHUNKS),
    post(HOST + b"Transfer-Encoding:\t Chunked \r\n", CHUNKS),
    post(HOST + LENGTH + b"expect:\r\n"),
]


@pytest.mark.parametrize(("sent", "status", "word"), REFUSED, ids=range(len(REFUSED)))
async def test_an_odd_head_is_refused_in_words_and_ends_its_connection(
    door: Door, sent: bytes, status: int, word: str
) -> None:
    sender = await door.sender()
    answered, text = await sender.ask(sent)
    assert (answered, word in json.loads(text)["error"]) == (status, True)
    assert await sender.is_cut()
    assert door.met("malformed") == 1


@pytest.mark.parametrize("sent", SERVED, ids=range(len(SERVED)))
async def test_an_unusual_one_is_served(door: Door, sent: bytes) -> None:
    assert (await (await door.sender()).ask(sent))[0] == 201


@pytest.mark.parametrize(("sent", "status", "word"), REFUSED, ids=range(len(REFUSED)))
async def test_what_came_before_on_the_connection_is_answered_and_nothing_behind_it(
    door: Door, sent: bytes, status: int, word: str
) -> None:
    sender = await door.sender()
    await sender.send(webhook() + sent + webhook("b"))
    assert (await sender.answer())[0] == 202
    assert (await sender.answer())[0] in (0, status)
    assert await sender.is_cut()
    assert [row.integration_id for row in await door.stored()] == ["a"], word


@pytest.mark.parametrize("expectation", [b"100-continue", b"100-Continue \t"])
async def test_a_sender_that_waits_to_be_asked_for_its_body_is_asked(door: Door, expectation: bytes) -> None:
    sender = await door.sender()
    await sender.send(post(HOST + LENGTH + b"expect: " + expectation + b"\r\n", b""))
    assert (await sender.answer())[0] == 100
    assert (await sender.ask(ITEM))[0] == 201
