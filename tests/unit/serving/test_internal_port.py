"""The operator's health port on a real socket: what nobody may send, hold or ask too often there."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily

from noctuary.serving import protocol
from noctuary.serving.connections import Phase
from noctuary.serving.internal_port import MAX_OF_ADDRESS, InternalConnections
from noctuary_operator import health
from noctuary_operator.health import connections_for, create_health_app, serve_health
from noctuary_operator.metrics import OperatorMetrics
from testbed.polling import until
from tests.unit.receiver.door import Sender

KB = 1024
HEALTHZ = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"
HALF = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: "


class HealthPort:
    """The port, and those who connect to it."""

    def __init__(self, port: int, metrics: OperatorMetrics) -> None:
        self.port = port
        self.metrics = metrics
        self._senders: list[Sender] = []

    async def sender(self, address: str = "127.0.0.1") -> Sender:
        sender = Sender(*await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0)))
        self._senders.append(sender)
        return sender

    async def ask(self, data: bytes, address: str = "127.0.0.1") -> tuple[int, bytes]:
        return await (await self.sender(address)).ask(data)

    async def half_heads(self, *addresses: str) -> None:
        for address in addresses:
            await (await self.sender(address)).send(HALF)

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def met(self, limit: str) -> float:
        return self.sample("noctuary_operator_limits_met_total", limit=limit)

    @property
    def open(self) -> float:
        return self.sample("noctuary_operator_connections", port="health")

    async def close(self) -> None:
        for sender in self._senders:
            await sender.close()


@contextlib.asynccontextmanager
async def open_port(host: str | None = "127.0.0.1", problem: str | None = None) -> AsyncIterator[HealthPort]:
    metrics = OperatorMetrics()
    app = create_health_app(lambda: problem, lambda: ["one namespace is not served"], metrics)
    async with serve_health(app, host, 0, metrics) as number:
        port = HealthPort(number, metrics)
        try:
            yield port
        finally:
            await port.close()


@pytest.fixture
async def port() -> AsyncIterator[HealthPort]:
    async with open_port() as made:
        yield made


# What is answered


@pytest.mark.parametrize(("problem", "status", "said"), [(None, 200, b"ok"), ("a cache is stale", 503, b"a cache")])
async def test_health_says_whether_a_restart_would_help_and_what_else_is_to_be_known(
    problem: str | None, status: int, said: bytes
) -> None:
    async with open_port(problem=problem) as port:
        found, text = await port.ask(HEALTHZ)
    assert (found, text.startswith(said), text.endswith(b"\none namespace is not served")) == (status, True, True)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_without_a_host_all_addresses_are_listened_on(address: str) -> None:
    if address == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    async with open_port(host=None) as port:
        sender = Sender(*await asyncio.open_connection(address, port.port))
        assert (await sender.ask(HEALTHZ))[0] == 200
        await sender.close()


# What is bounded

BEYOND = {
    "head": (HALF + b"y" * 64 * KB, 431, "head_bytes"),
    "headers": (HEALTHZ[:-2] + b"x: 1\r\n" * 101 + b"\r\n", 431, "head_bytes"),
    "url": (b"GET /" + b"y" * 9 * KB, 414, "url_bytes"),
    "no HTTP": (b"\x16\x03\x01\x02\x00", 400, "malformed"),
}


@pytest.mark.parametrize(("sent", "status", "limit"), BEYOND.values(), ids=BEYOND)
async def test_what_is_beyond_a_bound_is_refused_cut_and_counted(
    port: HealthPort, sent: bytes, status: int, limit: str
) -> None:
    sender = await port.sender()
    assert (await sender.ask(sent))[0] == status
    assert await sender.is_cut()
    assert port.met(limit) == 1


async def test_trailers_are_bounded(port: HealthPort) -> None:
    sender = await port.sender()
    await sender.send(
        b"GET /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: " + b"y" * 64 * KB
    )
    assert await sender.is_cut()
    assert port.met("head_bytes") == 1


async def test_a_body_is_dropped_and_the_connection_serves_on_unless_it_has_no_end(port: HealthPort) -> None:
    head = b"POST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    sender = await port.sender()
    assert (await sender.ask(head % 1_000_000 + b"y" * 1_000_000))[0] == 405
    assert (await sender.ask(HEALTHZ))[0] == 200
    endless = await port.sender()
    assert (await endless.ask(head % 10**12 + b"y" * 3_000_000))[0] == 405
    assert await endless.is_cut()
    assert port.met("unasked_bytes") == 1


async def test_a_head_that_is_never_ended_is_cut(port: HealthPort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.1)
    sender = await port.sender()
    await sender.send(HALF)
    assert await sender.is_cut()
    assert port.met("head_time") == 1


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"] * 200, [f"127.0.{high}.{low}" for high in (1, 2) for low in range(1, 100)]],
    ids=["of one address", "of two hundred"],
)
async def test_beside_half_heads_health_and_metrics_answer_everybody(
    port: HealthPort, capsys: pytest.CaptureFixture[str], addresses: list[str]
) -> None:
    await port.half_heads(*addresses)
    await until("they are taken", lambda: port.met("connections") > 0, bool)
    for address in ("127.0.0.1", "127.0.3.1"):
        assert (await port.ask(HEALTHZ, address))[0] == 200
        assert (await port.ask(METRICS, address))[0] == 200
    assert port.open <= min(len(addresses), 128)
    assert "Limit of traffic met" in capsys.readouterr().out


async def test_an_address_has_its_share_and_no_more(port: HealthPort) -> None:
    quiet = await port.sender("127.0.0.2")
    assert (await quiet.ask(HEALTHZ))[0] == 200
    await port.half_heads(*["127.0.0.1"] * 2 * MAX_OF_ADDRESS)
    await until("they are taken", lambda: port.met("connections"), lambda found: found == MAX_OF_ADDRESS)
    assert port.open == MAX_OF_ADDRESS + 1
    assert (await quiet.ask(HEALTHZ))[0] == 200


class Counted:
    """A connection that is only counted."""

    address = "one"
    is_cut = False

    def __init__(self, phase: Phase, since: float, was_answered: bool) -> None:
        self.phase = phase
        self.since = since
        self.was_answered = was_answered

    def overdue(self, _now: float) -> str | None:
        return None

    def cut(self) -> None:
        self.is_cut = True


GIVING = [
    ((Phase.IDLE, 9, True), (Phase.IDLE, 1, False)),
    ((Phase.ANSWER, 9, True), (Phase.IDLE, 1, False)),
    ((Phase.IDLE, 9, True), (Phase.ANSWER, 1, True)),
    ((Phase.IDLE, 1, True), (Phase.IDLE, 2, True)),
    ((Phase.HEAD, 9, False), (Phase.ANSWER, 1, False)),
    ((Phase.HEAD, 1, False), (Phase.IDLE, 2, False)),
    ((Phase.BODY, 1, False), (Phase.HEAD, 2, False)),
    ((Phase.ANSWER, 1, False), (Phase.ANSWER, 2, False)),
]


@pytest.mark.parametrize(("given", "kept"), GIVING)
@pytest.mark.parametrize("is_first", [True, False])
def test_who_was_answered_gives_way_first_and_then_who_waits_longest(
    given: tuple[Phase, float, bool], kept: tuple[Phase, float, bool], is_first: bool
) -> None:
    table = InternalConnections(OperatorMetrics(), "health", 4)
    goes, stays = Counted(*given), Counted(*kept)
    for each in (goes, stays) if is_first else (stays, goes):
        assert table.add(each)
    assert table.add(Counted(Phase.IDLE, 10, was_answered=False))
    assert (goes.is_cut, stays.is_cut) == (True, False)


async def test_beside_connections_that_ask_without_end_whoever_comes_anew_is_answered(port: HealthPort) -> None:
    async def ask_on() -> None:
        while True:
            sender = await port.sender()
            while (await sender.ask(METRICS))[0]:
                pass

    asking = [asyncio.create_task(ask_on()) for _ in range(2 * MAX_OF_ADDRESS)]
    await until("they are too many", lambda: port.met("connections") > 0, bool)
    assert [(await port.ask(HEALTHZ))[0] for _ in range(20)] == [200] * 20
    for task in asking:
        task.cancel()


@pytest.mark.parametrize(("files", "limit"), [(64, 8), (1024, 128), (1_000_000, 128)])
def test_a_low_file_limit_leaves_files_for_everything_else(files: int, limit: int) -> None:
    assert connections_for(files) == limit


# How often metrics are written


class Counting:
    """A metric that counts how often it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def collect(self) -> Iterator[CounterMetricFamily]:
        self.asked += 1
        yield CounterMetricFamily("asked", "How often.", value=self.asked)


def counting(registry: CollectorRegistry) -> Counting:
    made = Counting()
    registry.register(made)
    made.asked = 0
    return made


async def test_scrapers_that_ask_within_a_second_share_one_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MAX_SCRAPE_AGE_S", 3600.0)
    async with open_port() as port:
        counted = counting(port.metrics.registry)
        answers = await asyncio.gather(*(port.ask(METRICS) for _ in range(30)))
        assert ({status for status, _ in answers}, len(set(answers))) == ({200}, 1)
        assert counted.asked == 1


async def test_a_later_scrape_tells_what_is_true_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MAX_SCRAPE_AGE_S", 0.0)
    async with open_port() as port:
        counting(port.metrics.registry)
        answers = [await port.ask(METRICS) for _ in range(2)]
    assert [f"asked_total {number}.0".encode() in text for number, (_, text) in enumerate(answers, 1)] == [True, True]
