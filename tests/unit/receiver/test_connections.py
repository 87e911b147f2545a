"""How many connections a port has, who gives one up for whom, and which ones are cut."""

import asyncio
import contextlib
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from noctuary.common.metrics import Metrics
from noctuary.serving import internal_port, protocol
from noctuary.serving.connections import MAX_CONNECTIONS, Connections, Phase, share_key
from testbed.polling import until
from tests.unit.receiver.door import Door, events, open_door, webhook
from webhook_receiver.servers import (
    BACKLOG,
    OWN_FILES,
    WANTED_FILES,
    backlog_for,
    connections_for,
)


class Held:
    """A connection that is only counted."""

    def __init__(self, address: str, phase: Phase = Phase.IDLE, since: float = 0.0) -> None:
        self.address = address
        self.phase = phase
        self.since = since
        self.was_answered = False
        self.is_cut = False

    def overdue(self, now: float) -> str | None:
        return None if now else ""

    def cut(self) -> None:
        self.is_cut = True


def table(limit: int, *held: Held) -> Connections:
    made = Connections(Metrics(), "public", limit)
    for each in held:
        assert made.add(each)
    return made


def test_one_address_may_have_all_and_gives_up_its_idle_ones_for_its_own() -> None:
    old, young = Held("one", since=1), Held("one", since=2)
    full = table(3, old, young, Held("one", Phase.ANSWER))
    assert full.add(Held("one"))
    assert (old.is_cut, len(full) <= 3) == (True, True)


@pytest.mark.parametrize("phase", [Phase.HEAD, Phase.BODY, Phase.ANSWER])
def test_what_an_address_is_sending_is_not_given_up_for_its_own_newcomer(phase: Phase) -> None:
    busy = [Held("one", phase) for _ in range(3)]
    assert not table(3, *busy).add(Held("one"))
    assert not any(each.is_cut for each in busy)


@pytest.mark.parametrize(("phase", "is_given_up"), [(each, each is not Phase.ANSWER) for each in Phase])
def test_the_address_with_most_gives_up_whatever_is_not_being_answered(phase: Phase, is_given_up: bool) -> None:
    full = table(4, *(Held("many", phase) for _ in range(3)), quiet := Held("quiet"))
    assert full.add(Held("new")) == is_given_up
    assert not quiet.is_cut


def test_the_longest_idle_ones_go_first_and_those_that_send_last() -> None:
    many = [Held("many", Phase.BODY, 0), Held("many", Phase.HEAD, 0), *(Held("many", since=n) for n in range(70))]
    full = table(72, *many)
    assert full.add(Held("new"))
    assert [each.since for each in many[2:] if not each.is_cut] == [64, 65, 66, 67, 68, 69]
    assert not many[0].is_cut
    assert not many[1].is_cut


def test_equal_addresses_take_nothing_from_each_other() -> None:
    pairs = [Held(address, Phase.BODY) for address in ("a", "b", "a", "b")]
    assert not table(4, *pairs).add(Held("a"))
    assert not any(each.is_cut for each in pairs)


@pytest.mark.parametrize(
    ("one", "other", "is_one_source"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "", True),
        ("not:an:address", "not:an:address", True),
    ],
)
def test_a_source_is_an_address_or_the_network_of_one_site(one: str, other: str, is_one_source: bool) -> None:
    assert (share_key(one) == share_key(other)) == is_one_source


@pytest.mark.parametrize("files", [64, 256, 1024, 4096, WANTED_FILES, 1_000_000])
def test_what_is_not_for_connections_is_free_for_store_and_api_server(files: int) -> None:
    used = connections_for(files) + backlog_for(files) + internal_port.MAX_CONNECTIONS + OWN_FILES
    assert used <= files or connections_for(files) == 1
    assert connections_for(files) <= MAX_CONNECTIONS
    assert backlog_for(files) <= BACKLOG


def test_the_file_limit_is_raised_as_far_as_it_may_be() -> None:
    told = "import resource as r; h = r.getrlimit(r.RLIMIT_NOFILE)[1]; r.setrlimit(r.RLIMIT_NOFILE, (256, h)); "
    told += f"from noctuary.serving.server import raise_file_limit as f; print(f({WANTED_FILES}), "
    told += "r.getrlimit(r.RLIMIT_NOFILE)[0], h)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    allowed, soft, hard = map(int, done.stdout.split())
    assert allowed == soft == (WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard))


# On a real socket


async def test_at_the_cap_another_address_is_served_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_door(tmp_path, connections=20) as door:
        flood = [await door.sender() for _ in range(20)]
        await door.open_connections(20)
        other = await door.sender("127.0.0.2")
        assert (await other.ask(webhook("b")))[0] == 202
        assert await door.is_healthy()
        assert len(door.public) <= 20
        assert door.met("connections") == 1
        assert "Limit of traffic met" in capsys.readouterr().out
        assert await flood[0].is_cut()


async def test_a_flood_of_half_sent_heads_keeps_no_place_from_another_address(tmp_path: Path) -> None:
    async with open_door(tmp_path, connections=20) as door:
        for _ in range(40):
            await (await door.sender()).send(b"POST / HTTP/1.1\r\nx: ")
        other = await door.sender("127.0.0.2")
        for _ in range(3):
            assert (await other.ask(webhook("b")))[0] == 202
        assert len(door.public) <= 20


SLOW = {
    "head": (b"POST / HTTP/1.1\r\nx: ", "HEAD_TIMEOUT_S", "head_time"),
    "body": (events(b"[", length=100), "MESSAGE_TIMEOUT_S", "message_time"),
    "unasked body": (events(b"[", "nobody", length=100), "MESSAGE_TIMEOUT_S", "message_time"),
}


@pytest.mark.parametrize(("sent", "constant", "limit"), SLOW.values(), ids=SLOW)
async def test_what_does_not_come_in_time_is_cut(
    door: Door, monkeypatch: pytest.MonkeyPatch, sent: bytes, constant: str, limit: str
) -> None:
    monkeypatch.setattr(protocol, constant, 0.1)
    sender = await door.sender()
    await sender.send(sent)
    assert await sender.is_cut()
    assert door.met(limit) == 1
    await door.open_connections(0)


async def test_a_head_that_comes_drop_by_drop_is_cut_all_the_same(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.5)
    sender = await door.sender()
    await sender.send(b"POST / HTTP/1.1\r\nx: ")

    async def drip() -> bool:
        await sender.send(b"y")
        return len(door.public) == 0

    await until("it is cut", drip, bool)


async def test_an_idle_connection_is_kept_for_a_minute_and_closed_after_it(door: Door) -> None:
    sender, silent = await door.sender(), await door.sender()
    assert (await sender.ask(webhook()))[0] == 202
    await door.open_connections(2)
    [one, two] = [each for known in door.public._by_address.values() for each in known]
    assert [each.overdue(each.since + 60) for each in (one, two)] == [None, None]
    assert [each.overdue(each.since + 70) for each in (one, two)] == ["", ""]
    for each in (one, two):
        each.since -= 70
    assert await sender.is_cut()
    assert await silent.is_cut()
    assert door.met("head_time") == 0


async def test_who_does_not_read_its_answers_is_cut(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "ANSWER_TIMEOUT_S", 0.5)
    sender = await door.sender()
    body = b"[" + b",".join([b"{}"] * 1000) + b"]"

    async def asked() -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await sender.send(events(body))
        return door.met("answer_time") > 0

    await until("it is cut", asked, bool)
    await door.open_connections(0)


# How long an answer took


def observed(door: Door) -> tuple[float, float]:
    get = door.deps.metrics.registry.get_sample_value
    labels = {"route": "webhook"}
    return get("noctuary_ack_seconds_count", labels) or 0, get("noctuary_ack_seconds_sum", labels) or 0


async def test_an_answer_is_timed_from_the_first_byte_of_the_head(door: Door) -> None:
    whole = webhook()
    sender = await door.sender()
    await sender.send(whole[:30])
    await door.open_connections(1)
    await asyncio.sleep(0.5)
    assert (await sender.ask(whole[30:]))[0] == 202
    await until("it is observed", lambda: observed(door), lambda found: found[0] == 1)
    assert observed(door)[1] >= 0.4


async def test_what_waited_in_the_kernel_while_the_loop_was_busy_counts(door: Door) -> None:
    sender = await door.sender()
    assert (await sender.ask(webhook()))[0] == 202
    await until("it is observed", lambda: observed(door)[0] == 1, bool)
    before = observed(door)[1]
    await sender.send(webhook())  # with the kernel at once
    time.sleep(0.5)  # noqa: ASYNC251 - the event loop is busy
    assert (await sender.answer())[0] == 202
    await until("it is observed", lambda: observed(door)[0] == 2, bool)
    assert observed(door)[1] - before >= 0.4
