"""A request that offers another protocol is served as if it did not, body and all, and so is what comes after it."""

import json
from collections.abc import AsyncIterator

import pytest

from noctuary.store.queries import EventQuery
from testbed.polling import until
from testbed.posted_events import EVENT
from tests.unit.receiver.door import BODY, Door, Sender, events, signature_of, webhook

OFFERS = {
    "h2c": b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQB\r\n",
    "websocket": b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n",
    "two": b"upgrade: h2c\r\nUpgrade: websocket\r\nConnection: keep-alive, upgrade\r\n",
    "unheard of": b"upgrade:\r\nconnection: upgrade\r\n",
    "not for this connection": b"upgrade: h2c\r\n",
}
ITEM = json.dumps(EVENT).encode()
WEBHOOK = (
    b"POST /webhooks/pagerduty/token-a HTTP/1.1\r\nhost: x\r\nx-pagerduty-signature: " + signature_of(BODY).encode()
)
POST = b"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-a"
SENT = {"webhook": (WEBHOOK, BODY, 202), "event": (POST, ITEM, 201)}


def request(head: bytes, offer: bytes, body: bytes, *, is_chunked: bool) -> bytes:
    """Return the bytes of a request with an offer among its headers."""
    if not is_chunked:
        return b"%b\r\n%bcontent-length: %d\r\n\r\n%b" % (head, offer, len(body), body)
    half = len(body) // 2
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]))
    return b"%b\r\n%btransfer-encoding: chunked\r\n\r\n%b0\r\n\r\n" % (head, offer, chunks)


@pytest.fixture
async def sender(door: Door) -> AsyncIterator[Sender]:
    """A connection to a receiver."""
    yield await door.sender()


async def events_of(door: Door) -> int:
    """Return how many events were stored."""
    return len(await door.deps.store.window(EventQuery(["team-a"], None, 0.0, 4e9, 0.0, limit=1000)))


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("kind", SENT)
@pytest.mark.parametrize("offer", OFFERS)
async def test_a_request_that_offers_another_protocol_is_served_and_so_is_the_next(
    door: Door, sender: Sender, offer: str, kind: str, is_chunked: bool
) -> None:
    head, body, status = SENT[kind]
    assert (await sender.ask(request(head, OFFERS[offer], body, is_chunked=is_chunked)))[0] == status
    assert (await sender.ask(webhook("b")))[0] == 202
    stored = {row.body for row in await door.stored() if row.integration_id == "a"}
    assert (stored, await events_of(door)) == (({BODY}, 0) if kind == "webhook" else (set(), 1))


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
async def test_those_that_come_without_waiting_are_all_served(door: Door, sender: Sender, is_chunked: bool) -> None:
    bodies = [BODY[:-1] + b" " * turn + b"}" for turn in range(4)]
    heads = [WEBHOOK.replace(signature_of(BODY).encode(), signature_of(body).encode()) for body in bodies]
    pairs = zip(heads, OFFERS.values(), bodies, strict=False)
    await sender.send(b"".join(request(*each, is_chunked=is_chunked) for each in pairs))
    assert [(await sender.answer())[0] for _ in bodies] == [202] * 4
    assert sorted(row.body for row in await door.stored()) == sorted(bodies)


IN_PIECES = request(WEBHOOK, OFFERS["h2c"], BODY, is_chunked=False)
HEAD_BYTES = len(IN_PIECES) - len(BODY)


@pytest.mark.parametrize("at", [1, 20, *range(60, HEAD_BYTES, 29), *range(HEAD_BYTES - 4, HEAD_BYTES)])
async def test_it_may_come_in_two_pieces(door: Door, sender: Sender, at: int) -> None:
    await sender.send(IN_PIECES[:at])
    await until("the first one is read", lambda: door.public.heads.held_bytes, bool)
    assert (await sender.ask(IN_PIECES[at:]))[0] == 202
    assert door.public.heads.held_bytes == 0


CLOSING = [
    (request(POST, b"connection: close, upgrade\r\nupgrade: h2c\r\n", ITEM, is_chunked=False), 201),
    (request(POST.replace(b"1.1", b"1.0"), OFFERS["h2c"], ITEM, is_chunked=False), 201),
    (request(POST, OFFERS["h2c"] + b"content-length: 1\r\n", ITEM, is_chunked=True), 400),
    (b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n", 400),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
]


@pytest.mark.parametrize(("sent", "status"), CLOSING, ids=range(len(CLOSING)))
async def test_a_connection_that_cannot_be_kept_ends_behind_its_answer(
    sender: Sender, sent: bytes, status: int
) -> None:
    assert (await sender.ask(sent))[0] == status
    assert await sender.is_cut()


async def test_a_request_without_a_body_that_offers_one_is_answered_as_it_is(sender: Sender) -> None:
    for offer in OFFERS.values():
        assert (await sender.ask(b"GET / HTTP/1.1\r\nhost: x\r\n%b\r\n" % offer))[0] == 404


async def test_a_sender_that_waits_to_be_asked_for_its_body_is_asked(sender: Sender) -> None:
    await sender.send(request(POST, OFFERS["h2c"] + b"expect: 100-continue\r\n", ITEM, is_chunked=False)[: -len(ITEM)])
    assert (await sender.answer())[0] == 100
    assert (await sender.ask(ITEM))[0] == 201


async def test_an_offer_makes_no_head_larger_than_it_may_be(door: Door, sender: Sender) -> None:
    many = OFFERS["h2c"] + b"".join(b"x-%d: 1\r\n" % number for number in range(96))
    assert (await sender.ask(request(POST, many, ITEM, is_chunked=False)))[0] == 431
    assert (await (await door.sender()).ask(events(ITEM)))[0] == 201
