"""How long PagerDuty waits for the answer to a webhook while others post three times the events that can be stored.

About a minute, on loopback. Flood, sender of webhooks and receiver are a process each: none waits for another's work.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

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
BODY = b'{"event":{"id":"01E","event_type":"incident.triggered"}}'
POST_EVENT = post("/v1/events", json.dumps(EVENT).encode(), authorization="Bearer key-a")


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


async def webhooks(port: int, name: str, seconds: float) -> list[float]:
    """Send webhooks at a steady rate and return the seconds that each waited for its 202."""
    signature = "v1=" + hmac.digest(SIGNING_SECRET.encode(), BODY, hashlib.sha256).hex()
    waited: list[float] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number / WEBHOOKS_PER_S)
        client = await Client.connect(port)
        headers = {"x_webhook_id": f"{name}-{number}", "x_pagerduty_signature": signature}
        began = time.perf_counter()
        status = await client.ask(post("/webhooks/pagerduty/token-b", BODY, **headers))
        waited.append(time.perf_counter() - began)
        if status != 202:
            raise RuntimeError(f"a webhook was answered {status}")
        client.close()

    await asyncio.gather(*(one(number) for number in range(int(seconds * WEBHOOKS_PER_S))))
    return waited


def _show(name: str, waited: list[float]) -> float:
    p99 = statistics.quantiles(waited, n=100)[98]
    print(f"{name:14}{len(waited):10}{statistics.median(waited) * 1e3:10.1f}{p99 * 1e3:10.1f}{max(waited) * 1e3:10.1f}")
    return p99


async def measure(directory: Path) -> int:
    """Print how long webhooks wait, undisturbed and in the flood; return 1 when that is over five times as long."""
    receiver = Child(directory)
    alone = await flood_in_child(receiver.port, CAPACITY_CONNECTIONS, 1e9, CAPACITY_S)
    capacity = alone[201] / CAPACITY_S
    print(f"{capacity:,.0f} events/s can be stored, posted one by one over {CAPACITY_CONNECTIONS} connections")
    print(f"{'':14}{'webhooks':>10}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}")
    quiet = _show("undisturbed", await webhooks(receiver.port, "quiet", PHASE_S))
    flooding = asyncio.create_task(flood_in_child(receiver.port, CONNECTIONS, TIMES * capacity, PHASE_S + 3))
    await asyncio.sleep(2)
    loud = _show("in the flood", await webhooks(receiver.port, "loud", PHASE_S))
    told = ", ".join(f"{count:,} x {status}" for status, count in sorted((await flooding).items()))
    print(f"p99 {loud / quiet:.1f} times as long; {CONNECTIONS} connections posted and were answered {told}")
    receiver.end()
    return int(loud > MAX_RATIO * quiet)


def main() -> int:
    """Measure, or flood for the process that measures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--flood", nargs=4, type=float)
    chosen = parser.parse_args().flood
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if chosen is None:
            with tempfile.TemporaryDirectory() as scratch:
                return runner.run(measure(Path(scratch)))
        port, connections, rate, seconds = chosen
        print(json.dumps(runner.run(flood(int(port), int(connections), rate, seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
