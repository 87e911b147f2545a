"""Sends mutated requests over many connections and counts the answers; a hang is one that never came."""

import asyncio
import contextlib
import random
import re
from collections import Counter

import msgspec

from testbed.attack.floods.target import Target, incident_body
from testbed.attack.floods.wire import READ_BYTES, connected
from testbed.attack.mutations import bodies, heads
from testbed.attack.mutations.heads import Request
from testbed.pagerduty.webhooks.signing import sign

CONNECTIONS = 64
PIPELINE_MAX = 4
CLOSING = 0.8
"""Of the requests ask for the end of the connection: the others show what is kept open."""
QUIET_S = 0.3
"""A request that is cut short is owed no answer: then, or when all are answered, we close our side."""
HANG_S = 30.0
"""What is not closed by then hangs."""
EVENT = {
    "service_name": "fuzz",
    "vendor": "fuzz",
    "entity": "fuzz",
    "event_type": "deploy",
    "confidence": 0.9,
    "ttl_seconds": 60,
    "timestamp": "2026-11-27T08:00:00Z",
}
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
STRANGER = "stranger"
"""In the texts of requests that show no valid key: none of them may be stored."""


async def send_mutated(target: Target, count: int) -> Counter[str]:
    """Send so many requests; return how many there were of each status, and of closed and hanging connections."""
    chance = random.Random(target.seed)
    left = [count]
    answers: Counter[str] = Counter()

    async def one_lane() -> None:
        while left[0] > 0:
            size = min(chance.choice((1, 1, 1, PIPELINE_MAX)), left[0])
            left[0] -= size
            sent = heads.on_the_wire(chance, [mutated_request(chance, target) for _ in range(size)])
            answers.update(await _exchange(target, sent, size))
            answers["sent"] += size

    await asyncio.gather(*(one_lane() for _ in range(CONNECTIONS)))
    return answers


def mutated_request(chance: random.Random, target: Target) -> bytes:
    """Return a request to one of the doors, by its owner or by a stranger, with head and body mutated."""
    is_stranger = chance.random() < 0.5
    request = _webhook(chance, target, is_stranger) if chance.random() < 0.5 else _event(chance, target, is_stranger)
    request.closes = chance.random() < CLOSING
    heads.mutate(chance, request)
    return request.render()


def _webhook(chance: random.Random, target: Target, is_stranger: bool) -> Request:
    valid = msgspec.json.decode(incident_body(target.service_id, chance.randrange(10**8)))
    if is_stranger:
        valid["event"]["data"]["title"] = STRANGER
    body = bodies.mutated(chance, valid)
    secret = f"{chance.getrandbits(64):x}" if is_stranger else target.signing_secret
    headers = [
        f"X-PagerDuty-Signature: {sign(body, secret)}",
        f"X-Webhook-Id: {STRANGER if is_stranger else 'fuzz'}-{chance.random()}",
    ]
    return Request("POST", target.path, headers, body)


def _event(chance: random.Random, target: Target, is_stranger: bool) -> Request:
    valid = EVENT | ({"entity": STRANGER} if is_stranger else {})
    key = f"{chance.getrandbits(192):x}" if is_stranger else target.ingest_key
    return Request("POST", "/v1/events", [f"Authorization: Bearer {key}"], bodies.mutated(chance, valid))


async def _exchange(target: Target, sent: bytes, requests: int) -> list[str]:
    """Send, read all answers, and see the connection end once we have closed our side."""
    told = bytearray()
    try:
        async with asyncio.timeout(HANG_S), connected(target) as (reader, writer):
            writer.write(sent)
            await _read_answers(reader, told, requests)
            writer.write_eof()
            told += await reader.read(-1)
    except TimeoutError:
        return ["hang"]
    except OSError:
        pass  # what was answered before the reset counts
    return [status.decode() for status in STATUS.findall(told)] or ["closed"]


async def _read_answers(reader: asyncio.StreamReader, told: bytearray, requests: int) -> None:
    """Read until all requests are answered, the other side closes, or nothing comes any more."""
    with contextlib.suppress(TimeoutError):
        while len(STATUS.findall(told)) < requests:
            chunk = await asyncio.wait_for(reader.read(READ_BYTES), QUIET_S)
            if not chunk:
                return
            told += chunk
