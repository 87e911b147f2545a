"""How long PagerDuty waits for the answer to a webhook while others post three times the events that can be stored.

About two minutes, on loopback. Flood, sender of webhooks and receiver are a process each: none waits for another's
work. On a machine that all of them share much of a wait is the machine's. So the same flood is sent to an application
that only reads and answers, as the reference, and beside each wait stands what the receiver worked meanwhile: what
stood before the webhook in its queues, and itself.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import uvloop

from benchmarks.http_client import Client, post
from benchmarks.receiver_child import SIGNING_SECRET, Child
from testbed.posted_events import EVENT

CONNECTIONS = 1000
TIMES = 3.0
CAPACITY_S = 5.0
CAPACITY_CONNECTIONS = 64
PHASE_S = 12.0
WEBHOOKS_PER_S = 25
MAX_RATIO = 5.0
FLOOD_BEGINS_S = 3.0
"""Until all connections of the flood are open."""
NICENESS = 10
"""In life a flooder has a machine of its own: here it must not take the processor from what it floods."""
BODY = b'{"event":{"id":"01E","event_type":"incident.triggered"}}'
POST_EVENT = post("/v1/events", json.dumps(EVENT).encode(), authorization="Bearer key-a")


class Waited(NamedTuple):
    """What one webhook waited: seconds, and CPU seconds of the server."""

    wall_s: float
    cpu_s: float


class Measured(NamedTuple):
    """The p99 of what webhooks waited."""

    wall_s: float
    cpu_s: float


async def flood(port: int, connections: int, rate: float, seconds: float) -> Counter[int]:
    """Post events at a rate over many connections, each with one request at a time; return the answers by status."""
    answers: Counter[int] = Counter()
    until = time.perf_counter() + seconds
    interval_s = connections / rate

    async def one(number: int) -> None:
        client = await Client.connect(port)
        due = time.perf_counter() + interval_s * number / connections
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            answers[status := await client.ask(POST_EVENT)] += 1
            if status == 0:
                client = await Client.connect(port)
            due = max(due + interval_s, time.perf_counter())

    await asyncio.gather(*(one(number) for number in range(connections)))
    return answers


async def flood_in_child(port: int, connections: int, rate: float, seconds: float) -> Counter[int]:
    """Run the flood in a process of its own."""
    numbers = [str(each) for each in (port, connections, rate, seconds)]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.overload", "--flood", *numbers, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate()
    return Counter({int(status): count for status, count in json.loads(told).items()})


async def webhooks(server: Child, name: str, seconds: float) -> list[Waited]:
    """Send webhooks at a steady rate, each on a connection of its own, and return what each waited for its 2xx."""
    signature = "v1=" + hmac.digest(SIGNING_SECRET.encode(), BODY, hashlib.sha256).hex()
    waited: list[Waited] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number / WEBHOOKS_PER_S)
        began, worked = time.perf_counter(), server.cpu_clock()
        client = await Client.connect(server.port)
        headers = {"x_webhook_id": f"{name}-{number}", "x_pagerduty_signature": signature}
        status = await client.ask(post("/webhooks/pagerduty/token-b", BODY, **headers))
        waited.append(Waited(time.perf_counter() - began, server.cpu_clock() - worked))
        if status // 100 != 2:
            raise RuntimeError(f"a webhook was answered {status}")
        client.close()

    await asyncio.gather(*(one(number) for number in range(int(seconds * WEBHOOKS_PER_S))))
    return waited


def _show(name: str, waited: list[Waited]) -> Measured:
    wall, cpu = ([each * 1e3 for each in column] for column in zip(*waited, strict=True))
    walls, cpus = statistics.quantiles(wall, n=100), statistics.quantiles(cpu, n=100)
    cells = f"{walls[49]:10.1f}{walls[98]:10.1f}{max(wall):10.1f}{cpus[49]:12.1f}{cpus[98]:12.1f}"
    print(f"{name:26}{len(waited):9}{cells}", flush=True)
    return Measured(walls[98], cpus[98])


async def _compare(name: str, server: Child, rate: float) -> Measured:
    """Print what webhooks wait undisturbed and in a flood; return how many times as long they wait in it, by p99."""
    quiet = _show(f"{name}, undisturbed", await webhooks(server, "quiet", PHASE_S))
    flooding = asyncio.create_task(flood_in_child(server.port, CONNECTIONS, rate, PHASE_S + FLOOD_BEGINS_S + 1))
    await asyncio.sleep(FLOOD_BEGINS_S)
    loud = _show(f"{name}, in the flood", await webhooks(server, "loud", PHASE_S))
    told = ", ".join(f"{count:,} x {status}" for status, count in sorted((await flooding).items()))
    print(f"{'':26}{CONNECTIONS} connections posted and were answered {told}")
    return Measured(loud.wall_s / quiet.wall_s, loud.cpu_s / quiet.cpu_s)


async def measure(directory: Path) -> int:
    """Print how long webhooks wait, undisturbed and in the flood; return 1 when that is over five times as long."""
    receiver, bare = Child(directory), Child(None)
    before = receiver.cpu_clock()
    alone = await flood_in_child(receiver.port, CAPACITY_CONNECTIONS, 1e9, CAPACITY_S)
    capacity = alone[201] / (receiver.cpu_clock() - before)
    print(
        f"{capacity:,.0f} events/s can be stored by a whole core, posted one by one; flooded at {TIMES * capacity:,.0f}"
    )
    print(f"{'ms':26}{'webhooks':>9}{'p50':>10}{'p99':>10}{'max':>10}{'p50 worked':>12}{'p99 worked':>12}")
    ratio = await _compare("receiver", receiver, TIMES * capacity)
    receiver.end()
    reference = await _compare("reference", bare, TIMES * capacity)
    bare.end()
    print(f"p99 of the receiver {ratio.wall_s:.1f} times as long ({ratio.cpu_s:.1f} times the work before the answer),")
    print(
        f"of the reference {reference.wall_s:.1f} times as long ({reference.cpu_s:.1f}); load {os.getloadavg()[0]:.1f}"
    )
    return int(ratio.wall_s > MAX_RATIO)


def main() -> int:
    """Measure, or flood for the process that measures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--flood", nargs=4, type=float)
    chosen = parser.parse_args().flood
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if chosen is None:
            with tempfile.TemporaryDirectory() as scratch:
                return runner.run(measure(Path(scratch)))
        os.nice(NICENESS)
        port, connections, rate, seconds = chosen
        print(json.dumps(runner.run(flood(int(port), int(connections), rate, seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
