"""CPU-seconds of 1,000 reads of an incident with our client, beside plain httpx and raw streams, in turn in one run."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import msgspec
import uvloop

from hack.lib.tether import tethered
from noctuary.common.http_client import create_client
from noctuary.pagerduty.budget import MAX_CALLS_AT_ONCE, Budget
from noctuary.pagerduty.client import PagerDutyClient
from noctuary.pagerduty.objects import IncidentAnswer
from testbed.egress import LOOPBACK

CALLS = 1000
ROUNDS = 7
TOKEN = "u+benchmark"  # noqa: S105 - made up
PATH = "/incidents/PABC"
BODY = msgspec.json.encode(
    {
        "incident": {
            "id": "PABC",
            "type": "incident",
            "status": "triggered",
            "title": "High error rate on payments" * 3,
            "created_at": "2026-01-01T00:00:00Z",
            "html_url": "https://acme.pagerduty.com/incidents/PABC",
            "service": {"id": "PSVC", "type": "service_reference", "summary": "payments"},
            "body": {"type": "incident_body", "details": "d" * 1200},
        }
    }
)
HEAD = (
    b"HTTP/1.1 200 OK\r\nDate: Fri, 27 Nov 2026 08:00:00 GMT\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Connection: keep-alive\r\nVary: Accept-Encoding\r\nX-Request-Id: 0123456789abcdef0123456789abcdef\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\nratelimit-limit: 960\r\nratelimit-remaining: 99999999\r\n"
    b"ratelimit-reset: 30\r\nContent-Length: %d\r\n\r\n" % len(BODY)
)
Call = Callable[[], Awaitable[object]]


class _Server(asyncio.Protocol):
    """Answers each head with the same incident."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream's
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        *whole, self._received = self._received.split(b"\r\n\r\n")
        self._transport.write((HEAD + BODY) * len(whole))


class _Streams:
    """The least that asyncio can do: a connection per caller, one write, a head and a body read by their marks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._request = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Token token={TOKEN}\r\n\r\n"

    async def call(self) -> object:
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.rpartition(b"Content-Length: ")[2])
        answer = msgspec.json.decode(await reader.readexactly(length), type=IncidentAnswer)
        self._free.append((reader, writer))
        return answer

    async def aclose(self) -> None:
        for _, writer in self._free:
            writer.close()


def _uncounted(_name: str, _outcome: str) -> None:
    """Count nothing."""


def _pagerduty(http: httpx.AsyncClient, url: str) -> Call:
    client = PagerDutyClient(http, url, TOKEN, None, Budget(), _uncounted)
    return lambda: client.incident("PABC")


def _plain(http: httpx.AsyncClient, url: str) -> Call:
    headers = {"Authorization": f"Token token={TOKEN}"}
    return lambda: http.get(url + PATH, headers=headers)


async def _cpu_s(call: Call, at_once: int) -> float:
    """Return the CPU-seconds of this process for `CALLS` calls."""

    async def caller() -> None:
        for _ in range(CALLS // at_once):
            await call()

    began = time.process_time()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return time.process_time() - began


async def measure(port: int) -> None:
    """Print a row per way and number of calls at once."""
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(create_client(LOOPBACK))
        plain = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        streams = _Streams(port)
        stack.push_async_callback(streams.aclose)
        ways: dict[str, Call] = {
            "PagerDuty client, our HTTP client": _pagerduty(ours, url),
            "PagerDuty client, plain httpx": _pagerduty(plain, url),
            "our HTTP client alone": _plain(ours, url),
            "plain httpx alone": _plain(plain, url),
            "raw asyncio streams": streams.call,
        }
        for at_once in (1, MAX_CALLS_AT_ONCE):
            seconds: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, call in ways.items():
                    seconds[name].append(await _cpu_s(call, at_once))
            for name, of_rounds in seconds.items():
                print(
                    f"{name:<36} {at_once} at once: {statistics.median(of_rounds):.3f} CPU-s per {CALLS:,} calls "
                    f"(least {min(of_rounds):.3f})"
                )


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Run the measurement against a server in a process of its own."""
    if sys.argv[1:] == ["serve"]:
        uvloop.run(_serve())
        return
    command = tethered([sys.executable, "-m", "benchmarks.pagerduty.http_calls", "serve"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            uvloop.run(measure(int(server.stdout.readline() if server.stdout is not None else 0)))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
