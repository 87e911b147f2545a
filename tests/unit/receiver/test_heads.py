"""What is counted of a request before it is kept: its head, its URL, its trailers and what stands between chunks."""

import json

import pytest

from testbed.polling import until
from testbed.posted_events import EVENT
from tests.unit.receiver.door import Door, events, webhook

KB = 1024
CHUNKED = b"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-a\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT_CHUNK = b"%x\r\n%s\r\n" % (len(json.dumps(EVENT)), json.dumps(EVENT).encode())


def lines(count: int) -> bytes:
    return b"".join(b"x-%d: 1\r\n" % number for number in range(count))


HEADS = [
    (webhook(more=lines(97)), 202),
    (webhook(more=lines(98)), 431),
    (webhook(more=b"x: " + b"y" * 31 * KB + b"\r\n"), 202),
    (webhook(more=b"x: " + b"y" * 32 * KB + b"\r\n"), 431),
    (webhook(more=b"x" * 33 * KB + b": y\r\n"), 431),
    (webhook(more=b"x: " + b"y" * 5000 * KB + b"\r\n"), 431),
    (webhook(more=b"x:\r\n" * 500_000), 431),
    (b"GET /" + b"x" * 8191 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 404),
    (b"GET /" + b"x" * 8192 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET /" + b"x" * 5000 * KB, 414),
    (b"\r\n" * 5000 * KB, 431),
    (b"nonsense\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400),
]


@pytest.mark.parametrize(("head", "status"), HEADS, ids=range(len(HEADS)))
async def test_a_head_is_answered_by_its_size(door: Door, head: bytes, status: int) -> None:
    sender = await door.sender()
    assert (await sender.ask(head))[0] == status
    if status in (400, 414, 431):
        assert await sender.is_cut()
    assert door.public.heads.held_bytes == 0


async def test_what_is_kept_of_a_head_that_does_not_end_is_counted(door: Door) -> None:
    sender = await door.sender()
    await sender.send(b"POST / HTTP/1.1\r\nx: " + b"y" * 20 * KB)
    heads = door.public.heads
    await until("the half of a head is here", lambda: heads.held_bytes, lambda held: 20 * KB <= held <= 64 * KB)
    await sender.close()
    await until("nothing is kept of it", lambda: heads.held_bytes == 0, bool)


FRAMES = [
    (b"", b"0\r\n\r\n", True),
    (b"", b"0\r\nauthorization: Bearer other\r\n\r\n", True),
    (b"", b"0\r\n" + lines(97) + b"\r\n", True),
    (b"", b"0\r\n" + lines(98) + b"\r\n", False),
    (b"", b"0\r\nx: " + b"y" * 5000 * KB + b"\r\n\r\n", False),
    (b"1;x=" + b"y" * 20 * KB + b"\r\n \r\n", b"0\r\n\r\n", True),
    (b"1;x=" + b"y" * 5000 * KB + b"\r\n \r\n", b"0\r\n\r\n", False),
    (b"1\r\n \r\n" * 50 * KB, b"0\r\n\r\n", True),
    (b"1\r\n \r\n" * 400 * KB, b"0\r\n\r\n", False),
    (b"z\r\n", b"0\r\n\r\n", False),
]


@pytest.mark.parametrize(("before", "after", "is_taken"), FRAMES, ids=range(len(FRAMES)))
async def test_trailers_extensions_and_small_chunks_are_bounded(
    door: Door, before: bytes, after: bytes, is_taken: bool
) -> None:
    sender = await door.sender()
    status, _ = await sender.ask(CHUNKED + before + EVENT_CHUNK + after)
    assert (status == 201) == is_taken
    assert (sum(door.met(limit) for limit in ("head_bytes", "framing_bytes", "malformed")) == 0) == is_taken
    if not is_taken:
        assert await sender.is_cut()


async def test_a_trailer_adds_nothing_to_what_was_checked(door: Door) -> None:
    sender = await door.sender()
    head = b"POST /webhooks/pagerduty/token-a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    signature = webhook(body=b"{}").split(b"\r\n")[2]
    assert (await sender.ask(head + signature + b"\r\n\r\n"))[0] == 400


async def test_requests_that_come_without_waiting_are_answered_in_turn_and_too_many_are_cut(door: Door) -> None:
    sender = await door.sender()
    await sender.send(webhook() * 5)
    assert [(await sender.answer())[0] for _ in range(5)] == [202] * 5
    await sender.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 10_000)
    answers = [(await sender.answer())[0] for _ in range(30)]
    assert 5 <= answers.count(404) <= 20
    assert answers[-1] == 0
    assert door.met("pipelining") == 1


async def test_who_sends_on_after_a_refusal_can_read_it_and_is_cut(door: Door) -> None:
    sender = await door.sender()
    assert (await sender.ask(events(b"x" * 3_000_000)))[0] == 413
    assert await sender.is_cut()
    unknown = await door.sender()
    assert (await unknown.ask(events(b"x" * 1_000_000, "nobody")))[0] == 401
    assert (await unknown.ask(webhook()))[0] == 202
    endless = await door.sender()
    assert (await endless.ask(events(b"x" * 8_000_000, "nobody", length=10**12)))[0] == 401
    assert await endless.is_cut()
    assert door.met("unasked_bytes") == 1
