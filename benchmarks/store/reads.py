"""How long a read takes while writes pour in: beside the writer, and (the reference) in the writer's own queue."""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite import incidents
from noctuary.store.sqlite.store import SqliteStore

WRITERS = 200
READS = 300
ROUNDS = 3
BODY = b"x" * 4096
Read = Callable[[], Awaitable[object]]


async def _storm(store: SqliteStore, counter: "itertools.count[int]") -> None:
    while True:
        name = str(next(counter))
        await store.add_webhook(NewWebhook("one", name, "hash", time.time(), BODY))


async def _time(read: Read) -> list[float]:
    seconds = []
    for _ in range(READS):
        began = time.perf_counter()
        await read()
        seconds.append(time.perf_counter() - began)
        await asyncio.sleep(0.002)
    return seconds


def _row(name: str, seconds: list[float], written: float) -> str:
    p99 = statistics.quantiles(seconds, n=100)[98]
    return (
        f"{name:<28} p50 {statistics.median(seconds) * 1e3:7.2f} ms  p99 {p99 * 1e3:7.2f} ms  {written:8.0f} writes/s"
    )


async def measure(directory: Path) -> None:
    """Print both, in turn, during one storm of writes."""
    store = await SqliteStore.open(directory)
    database = store._database  # noqa: SLF001 - the reference goes the way that reads went before
    counter = itertools.count()
    storm = [asyncio.create_task(_storm(store, counter)) for _ in range(WRITERS)]
    queued: Read = lambda: database.write(lambda c: incidents.get_note(c, "a", "P1"))  # noqa: E731
    beside: Read = lambda: store.note("a", "P1")  # noqa: E731
    ratios = []
    for _ in range(ROUNDS):
        p99 = []
        for name, read in (("in the writer's queue", queued), ("beside the writer", beside)):
            before, began = next(counter), time.perf_counter()
            seconds = await _time(read)
            print(_row(name, seconds, (next(counter) - before) / (time.perf_counter() - began)))
            p99.append(statistics.quantiles(seconds, n=100)[98])
        ratios.append(p99[1] / p99[0])
    print(f"p99 beside / queued, round by round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    for task in storm:
        task.cancel()
    await asyncio.gather(*storm, return_exceptions=True)
    await store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure(Path(scratch)))
