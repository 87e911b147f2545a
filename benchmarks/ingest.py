"""How many posted events a CPU-second of the receiver takes, store included, beside one that just answers."""

import asyncio
import json
import tempfile
from pathlib import Path

import uvloop

from benchmarks.http_client import Client, post
from benchmarks.receiver_child import Child
from testbed.posted_events import EVENT

POSTS = 20_000
BATCHES = 200
BATCH = 500
CONNECTIONS = 32
BATCH_CONNECTIONS = 4
RETRY_S = 0.1
ROUNDS = 2
"""Receiver and reference take turns, so that a busy machine meets both."""


async def load(port: int, request: bytes, count: int, connections: int) -> None:
    """Send a request over and over, a given number of times in all."""
    left = iter(range(count))

    async def one() -> None:
        client = await Client.connect(port)
        for _ in left:
            while (status := await client.ask(request)) == 503:  # noqa: ASYNC110 - as a sender does
                await asyncio.sleep(RETRY_S)
            if status != 201:
                raise RuntimeError(f"answered {status}")
        client.close()

    await asyncio.gather(*(one() for _ in range(connections)))


async def cpu_of(child: Child, request: bytes, count: int, connections: int) -> float:
    """Return the CPU seconds of the child for a load."""
    before = child.cpu_seconds()
    await load(child.port, request, count, connections)
    return child.cpu_seconds() - before


async def measure(directory: Path) -> None:
    """Print events per CPU-second, round by round."""
    event = json.dumps(EVENT).encode()
    key = {"authorization": "Bearer key-a"}
    single = post("/v1/events", event, **key)
    batch = post("/v1/events", b"[" + b",".join([event] * BATCH) + b"]", **key)
    receiver, bare = Child(directory), Child(None)
    print(f"{'events per CPU-second':24}{'single posts':>14}{'in batches':>14}")
    for _ in range(ROUNDS):
        for name, child in (("receiver", receiver), ("bare application", bare)):
            posts = POSTS / await cpu_of(child, single, POSTS, CONNECTIONS)
            events = BATCH * BATCHES / await cpu_of(child, batch, BATCHES, BATCH_CONNECTIONS)
            print(f"{name:24}{posts:14,.0f}{events:14,.0f}", flush=True)
    receiver.end()
    bare.end()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(Path(scratch)))
