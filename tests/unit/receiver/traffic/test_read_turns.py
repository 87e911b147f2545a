"""How many kept connections are read in one turn of the event loop, and whose turn comes first."""

import asyncio
import gc
import json
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import NamedTuple

import pytest

from noctuary.serving.protocol import BoundedProtocol
from noctuary.serving.read_turns import READS_PER_TURN, READS_WHILE_HELD, ReadTurns
from testbed.polling import until
from testbed.posted_events import EVENT
from tests.unit.receiver.door import Door, events, webhook
from webhook_receiver.process import SWITCH_INTERVAL_S, favour_event_loop

POST = events(json.dumps(EVENT).encode())


class Pair(NamedTuple):
    """Both ends of a connection."""

    ours: socket.socket
    theirs: socket.socket


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    made = [Pair(*socket.socketpair()) for _ in range(40)]
    yield made
    for end in [end for pair in made for end in pair]:
        end.close()


@pytest.fixture
async def turns() -> AsyncIterator[ReadTurns]:
    made = ReadTurns(at_once=4)
    yield made
    made.close()


async def run_turns(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_of_many_that_are_ready_a_few_are_read_in_a_turn(turns: ReadTurns, pairs: list[Pair]) -> None:
    turn, read = 0, Counter[int]()
    for ours, theirs in pairs:
        theirs.send(b"x")
        turns.wait(ours.fileno(), lambda: read.update([turn]))
    while read.total() < len(pairs):
        await asyncio.sleep(0)
        turn += 1
    assert max(read.values()) <= 4


async def test_who_is_ready_first_is_read_first(turns: ReadTurns, pairs: list[Pair]) -> None:
    read: list[int] = []
    for number, (ours, _) in enumerate(pairs):
        turns.wait(ours.fileno(), partial(read.append, number))
    for _, theirs in reversed(pairs):
        theirs.send(b"x")
    await until("all were read", lambda: len(read) == len(pairs), bool)
    assert read == sorted(read, reverse=True)


async def test_a_source_with_few_is_read_before_the_rest_of_one_with_many(turns: ReadTurns, pairs: list[Pair]) -> None:
    read: list[str] = []
    sources = "a" * (len(pairs) - 1) + "b"
    for source, (ours, theirs) in zip(sources, pairs, strict=True):
        theirs.send(b"x")
        turns.wait(ours.fileno(), partial(read.append, source), source)
    await until("all were read", lambda: len(read) == len(pairs), bool)
    assert "".join(read).index("b") < 2


async def test_who_waits_again_gets_another_turn(turns: ReadTurns, pairs: list[Pair]) -> None:
    read: list[int] = []
    (ours, theirs), *_ = pairs
    theirs.send(b"x")
    for turn in range(3):
        turns.wait(ours.fileno(), partial(read.append, turn))
        await run_turns(20)
    assert read == [0, 1, 2]


async def test_while_something_goes_first_only_a_few_are_read_and_all_of_them_afterwards(
    turns: ReadTurns, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctuary.serving.read_turns.HELD_PAUSE_S", 1e6)
    read: list[int] = []
    with turns.hold():
        for number, (ours, theirs) in enumerate(pairs):
            theirs.send(b"x")
            turns.wait(ours.fileno(), partial(read.append, number))
        await run_turns(50)
        assert len(read) == READS_WHILE_HELD
    await until("all were read", lambda: len(read) == len(pairs), bool)


async def test_while_something_goes_first_the_others_are_still_read(turns: ReadTurns, pairs: list[Pair]) -> None:
    read: list[int] = []
    with turns.hold():
        for number, (ours, theirs) in enumerate(pairs):
            theirs.send(b"x")
            turns.wait(ours.fileno(), partial(read.append, number))
        await until("all were read", lambda: len(read) == len(pairs), bool)


async def test_each_wait_gives_one_turn(turns: ReadTurns, pairs: list[Pair]) -> None:
    read: list[str] = []
    pairs[0].theirs.send(b"x")
    turns.wait(pairs[0].ours.fileno(), lambda: read.append("once"))
    await run_turns(20)
    assert read == ["once"]


async def test_who_is_forgotten_gets_no_turn(turns: ReadTurns, pairs: list[Pair]) -> None:
    read: list[str] = []
    for name, (ours, theirs) in zip("ab", pairs, strict=False):
        theirs.send(b"x")
        turns.wait(ours.fileno(), partial(read.append, name))
    turns.forget(pairs[0].ours.fileno())
    await run_turns(20)
    assert read == ["b"]


async def test_a_connection_that_waits_and_is_closed_by_its_sender_is_let_go(door: Door) -> None:
    sender = await door.sender()
    assert (await sender.ask(POST))[0] == 201
    await sender.close()
    await until("no connection is left", lambda: len(door.public) == 0, bool)


async def test_all_kept_connections_are_read_again_and_again(door: Door) -> None:
    senders = [await door.sender() for _ in range(3 * READS_PER_TURN)]
    for _ in range(3):
        answers = await asyncio.gather(*(sender.ask(POST) for sender in senders))
        assert {status for status, _ in answers} == {201}


class NoTurns(ReadTurns):
    """So many are ready that nobody's turn comes."""

    def wait(self, *_: object) -> None:
        """Never call."""


async def test_a_connection_that_brought_a_webhook_waits_for_no_turn(door: Door) -> None:
    door.public.turns = NoTurns()
    posting, telling = await door.sender(), await door.sender()
    assert ((await posting.ask(POST))[0], (await telling.ask(webhook()))[0]) == (201, 202)
    await posting.send(POST)
    assert (await telling.ask(webhook()))[0] == 202


async def test_a_new_connection_that_says_nothing_at_once_waits_for_its_first_turn(door: Door) -> None:
    door.public.first_turns = NoTurns()
    silent = await door.sender()
    await door.open_connections(1)
    await run_turns(5)
    await silent.send(webhook())
    assert (await (await door.sender()).ask(POST))[0] == 201
    assert await door.stored() == []


async def test_connections_that_ended_leave_nothing_for_the_garbage_collector(door: Door) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            sender = await door.sender()
            assert (await sender.ask(POST))[0] == 201
            sender.end()
            assert await sender.is_cut()
        await door.open_connections(0)
        await run_turns(9)
        assert not [each for each in gc.get_objects() if isinstance(each, BoundedProtocol)]
    finally:
        gc.enable()


def test_the_process_hands_the_interpreter_over_soon_and_leaves_what_stays_out_of_collections() -> None:
    before, threshold = sys.getswitchinterval(), gc.get_threshold()
    try:
        favour_event_loop()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
        assert gc.get_freeze_count() > 0
    finally:
        sys.setswitchinterval(before)
        gc.set_threshold(*threshold)
        gc.unfreeze()
