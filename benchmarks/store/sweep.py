"""How many expired events the sweep deletes in a second, and what one event costs to add, in batches and alone.

Then with events poured in as fast as they are taken: what is added and swept in a second, and what a webhook waits.
"""

import asyncio
import itertools
import resource
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.store.window import _event
from noctuary.common.errors import StoreUnavailable
from noctuary.store.limits import StoreLimits
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.store import SqliteStore
from webhook_receiver import background

EVENTS = 40_000
BATCH = 500
AT_ONCE = 64
POURING, PART = 8, 250
BESIDE_S = 6.0


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


async def _pour(store: SqliteStore, first: int, added: list[int]) -> None:
    """Add events for ever, and try again what is refused, as a sender does."""
    for start in itertools.count(first, PART):
        events = [_event(number, f"app-{number % 500}") for number in range(start, start + PART)]
        while True:
            try:
                await store.add_events(events)
            except StoreUnavailable:
                await asyncio.sleep(0.01)
            else:
                break
        added.append(PART)


async def _sweep(store: SqliteStore, swept: list[int], sizes: list[int]) -> None:
    """Sweep for ever, as the receiver does."""
    rows = background.SWEEP_ROWS
    while True:
        began = time.monotonic()
        swept.append(await store.sweep(1e11, rows))
        sizes.append(rows)
        rows = background.next_chunk(rows, time.monotonic() - began)


async def measure_beside_ingest(directory: Path) -> None:
    """Print what is added and swept in a second, and how long webhooks take, with and without the sweep."""
    store = await SqliteStore.open(directory, StoreLimits(tenant_events=10_000_000, tenant_event_bytes=10**11))
    await _fill(store, 0, BATCH)
    added: list[int] = []
    swept: list[int] = []
    sizes: list[int] = []
    pouring = [asyncio.create_task(_pour(store, (2 + n) * 10_000_000, added)) for n in range(POURING)]
    for name in ("events alone", "beside the sweep"):
        if name != "events alone":
            pouring.append(asyncio.create_task(_sweep(store, swept, sizes)))
        before, began, acks = (sum(added), sum(swept)), time.monotonic(), []
        while time.monotonic() - began < BESIDE_S:
            asked = time.monotonic()
            await store.add_webhook(NewWebhook("one", f"{name}-{asked}", "hash", time.time(), b"x" * 4_096))
            acks.append(time.monotonic() - asked)
            await asyncio.sleep(0.02)
        rates = [(sum(of) - was) / (time.monotonic() - began) for of, was in zip((added, swept), before, strict=True)]
        p50, p99 = statistics.median(acks) * 1e3, statistics.quantiles(acks, n=100)[98] * 1e3
        print(f"{name}: {rates[0]:6.0f} added/s, {rates[1]:6.0f} swept/s; a webhook p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(f"rows at once: {statistics.median(sizes):.0f}")
    for task in pouring:
        task.cancel()
    await asyncio.gather(*pouring, return_exceptions=True)
    await store.close()


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
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure_beside_ingest(Path(scratch)))
