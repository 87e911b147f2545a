"""What is told to senders of events when more come than can be stored, and what becomes of the others."""

import asyncio
import json
from collections import Counter

import pytest

from noctuary.serving.limits_met import LimitsMet
from noctuary.store.queries import EventQuery
from testbed.polling import until
from testbed.posted_events import EVENT
from tests.unit.receiver.door import Door, events, webhook
from webhook_receiver.traffic.admission import Admission

POST = events(json.dumps(EVENT).encode())
ANY_WAIT = -1.0


@pytest.fixture
async def full(door: Door) -> Door:
    """A receiver where one post waits and any other would wait too long."""
    door.deps.admission = Admission(LimitsMet(door.deps.metrics), slots=0, max_wait_s=ANY_WAIT, max_stall_s=1e6)
    await (await door.sender()).send(POST)
    await until("one waits", lambda: door.deps.admission.has_room("a"), lambda found: not found)
    return door


async def test_a_post_that_would_wait_too_long_is_refused_before_any_of_its_body_came(full: Door) -> None:
    sender = await full.sender()
    status, text = await sender.ask(events(b"", length=100_000))
    assert (status, full.met("events")) == (503, 1)
    assert b"More events come than can be stored" in text


async def test_its_connection_is_used_again_when_it_sent_its_body_all_the_same(full: Door) -> None:
    sender = await full.sender()
    assert (await sender.ask(events(b"", length=100_000)))[0] == 503
    await sender.send(b"x" * 100_000)
    assert (await sender.ask(webhook()))[0] == 202


async def test_webhooks_are_taken_meanwhile(full: Door) -> None:
    assert (await (await full.sender()).ask(webhook()))[0] == 202
    assert await full.is_healthy()


async def test_what_is_told_as_stored_is_stored_and_what_is_refused_is_not(door: Door) -> None:
    door.deps.admission = Admission(LimitsMet(door.deps.metrics), slots=2, max_wait_s=0.0005)
    senders = [await door.sender() for _ in range(40)]
    answers = Counter[int]()

    async def post(number: int) -> None:
        for turn in range(5):
            event = {**EVENT, "dedup_key": f"{number}-{turn}"}
            answers[(await senders[number].ask(events(json.dumps(event).encode())))[0]] += 1

    await asyncio.gather(*(post(number) for number in range(len(senders))))
    now = 4e9
    kept = await door.deps.store.window(EventQuery(["team-a"], None, 0.0, now, 0.0, limit=1000))
    assert set(answers) <= {201, 503}
    assert answers[201] == len(kept) > 0
