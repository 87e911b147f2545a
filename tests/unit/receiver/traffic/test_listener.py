"""How many connections are taken in one turn of the event loop."""

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from noctuary.serving.listener import ACCEPTS_PER_TURN, Listener
from testbed.polling import until

SENDERS = 5 * ACCEPTS_PER_TURN


class Made(asyncio.Protocol):
    """Notes in which turn it became a connection."""

    def __init__(self, turns: list[int], turn: Counter[str]) -> None:
        self._turns = turns
        self._turn = turn

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._turns.append(self._turn["now"])
        transport.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=SENDERS) as made:
        yield made


@pytest.fixture
def senders(listening: socket.socket) -> Iterator[list[socket.socket]]:
    made = [socket.create_connection(listening.getsockname()) for _ in range(SENDERS)]
    yield made
    for each in made:
        each.close()


async def test_a_few_of_those_that_come_at_once_are_taken_in_a_turn(
    listening: socket.socket, senders: list[socket.socket]
) -> None:
    turns, turn = [], Counter[str]()  # type: tuple[list[int], Counter[str]]
    listener = Listener(listening, lambda: Made(turns, turn))
    while len(turns) < len(senders):
        await asyncio.sleep(0)
        turn["now"] += 1
    listener.close()
    await listener.wait_closed()
    assert max(Counter(turns).values()) <= ACCEPTS_PER_TURN


async def test_a_listener_that_was_closed_takes_nobody(listening: socket.socket, senders: list[socket.socket]) -> None:
    turns: list[int] = []
    listener = Listener(listening, lambda: Made(turns, Counter()))
    listener.close()
    await listener.wait_closed()
    await asyncio.sleep(0.01)
    assert (turns, len(senders)) == ([], SENDERS)


class OutOfFiles(socket.socket):
    """Has no file left for the first connection."""

    refusals = 1

    def accept(self) -> tuple[socket.socket, object]:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_when_no_file_is_left_connections_wait_and_are_taken_later(
    listening: socket.socket, senders: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noctuary.serving.listener.RETRY_S", 0.01)
    turns: list[int] = []
    with OutOfFiles(fileno=listening.detach()) as refusing:
        listener = Listener(refusing, lambda: Made(turns, Counter()))
        await until("all were taken", lambda: len(turns), lambda found: found == len(senders))
        listener.close()
