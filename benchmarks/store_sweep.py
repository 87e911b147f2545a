"""How many expired events the sweep deletes in a second, and what one event costs to add, in batches and alone."""

import asyncio
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.store_window import _event
from noctuary.store.sqlite.store import SqliteStore
from webhook_receiver import background

EVENTS = 40_000
BATCH = 500
AT_ONCE = 64


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _fill(store: SqliteStore, first: int, batch: int) -> float:
    events = [_event(number, f"app-{number % 500}") for number in range(first, first + EVENTS)]
    began = _cpu_s()
    groups = [events[start : start + batch] for start in range(0, EVENTS, batch)]
    at_once = AT_ONCE if batch == 1 else 1
    for start in range(0, len(groups), at_once):
        await asyncio.gather(*(store.add_events(group) for group in groups[start : start + at_once]))
    return EVENTS / (_cpu_s() - began)


async def measure(directory: Path) -> None:
    """Print the three figures."""
    store = await SqliteStore.open(directory)
    print(f"added in batches of {BATCH}: {await _fill(store, 0, BATCH):7.0f} rows per CPU-second")
    print(f"added alone, {AT_ONCE} at once: {await _fill(store, EVENTS, 1):7.0f} rows per CPU-second")
    began, used, swept = time.monotonic(), _cpu_s(), 0
    while (gone := await store.sweep(1e11, background.MAX_SWEEP_ROWS)) > 0:
        swept += gone
    seconds, used = time.monotonic() - began, _cpu_s() - used
    print(f"swept: {swept / seconds:7.0f} rows/s while it runs, {swept / used:7.0f} rows per CPU-second")
    await store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure(Path(scratch)))
