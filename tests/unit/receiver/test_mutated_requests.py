"""Whatever bytes come, the receiver answers in its own words, or ends the connection, and goes on."""

import asyncio
import json
import random

import pytest

from testbed.posted_events import EVENT
from tests.unit.receiver.door import BODY, Door, events, webhook

REQUESTS = 500
ITEM = json.dumps(EVENT).encode()
PIECES = [b"\r\n", b"\r\n\r\n", b":", b" ", b"\x00", b"\xff", b"{", b"[", b'"', b"\\u", b"\\ud800", b"9" * 400, b"%"]
PIECES += [b"HTTP/1.0", b"HTTP/2.0", b"GET ", b"CONNECT ", b"/..", b"//", b"?", b"#"]
PIECES += [b"Upgrade: h2c\r\nConnection: upgrade"]
PIECES += [
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue",
]
GOOD = [webhook(), events(ITEM), events(b"[" + ITEM + b"," + ITEM + b"]"), events(ITEM + b"\n" + ITEM), webhook() * 2]


def mutated(source: random.Random) -> bytes:
    data = bytearray(source.choice(GOOD))
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data) + 1)
        match source.randrange(4):
            case 0:
                data[at : at + source.randint(0, 30)] = source.choice(PIECES)
            case 1:
                data[at:at] = data[source.randrange(len(data) + 1) :][:50]
            case 2:
                del data[at : at + source.randint(1, 20)]
            case _:
                data[at : at + 1] = bytes([source.randrange(256)])
    return bytes(data)


async def statuses(door: Door, data: bytes) -> list[int]:
    """Send bytes, then end of file, and return the statuses of all answers."""
    sender = await door.sender()
    await sender.send(data)
    sender.end()
    found = []
    while status := (await sender.answer())[0]:
        found.append(status)
    await sender.close()
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_no_mutated_request_is_a_fault_of_ours(door: Door, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - made-up requests
    for _ in range(REQUESTS // 4 // 10):
        answers = await asyncio.gather(*(statuses(door, mutated(source)) for _ in range(10)))
        assert {status for each in answers for status in each if status >= 500} <= {501, 503, 505}
    sender = await door.sender()
    assert (await sender.ask(webhook("b")))[0] == 202
    assert await door.is_healthy()
    bodies = door.deps.bodies
    assert (bodies.large.held_bytes, bodies.small.held_bytes, door.public.heads.held_bytes) == (0, 0, 0)
    assert {row.body for row in await door.stored()} <= {BODY}
