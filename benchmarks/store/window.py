"""How long the window of one service takes in a namespace with 100,000 events, of few and of many workloads.

And of a mapping with a selector over a namespace with 451 services and 86,000 events: alone, and for five webhooks a
second, beside a read of one service's own.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.store.queries import EventQuery
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.store import SqliteStore

EVENTS = 100_000
BATCH = 1_000
READS = 20
WORKLOADS = (1, 500, 20_000)
MESSAGE = "m" * 200
AT = 1_800_000_000.0
SERVICES, SERVICES_EVENTS = 451, 86_000
WEBHOOKS = 50
WEBHOOKS_PER_S = 5


def _event(number: int, app: str) -> ContextEvent:
    labels = {"app": app, "tier": "back", "pod-template-hash": "5d9c7"}
    return ContextEvent(
        id=f"id-{number}",
        tenant="shop",
        source="kubernetes",
        dedup_key=f"u{number}/BackOff",
        service_name=app,
        vendor="kubernetes",
        entity=f"{app}-{number}",
        event_type=EventType.RESTART,
        timestamp=AT - 60,
        last_seen=AT - 1 - number % 50,
        confidence=0.9,
        ttl_seconds=1200,
        object=ObjectRef("Pod", "shop", f"{app}-{number}", f"u{number}", "Deployment", app, "node-1", labels),
        details={"reason": "BackOff", "message": MESSAGE},
    )


def _query(name: str, labels: dict[str, str]) -> EventQuery:
    return EventQuery(["shop"], [name], AT - 3600, AT, AT, 300, 100, workloads=[name], match_labels=labels)


async def _time(store: SqliteStore, query: EventQuery) -> float:
    seconds = []
    for _ in range(READS):
        began = time.perf_counter()
        await store.select(query)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1e3


async def measure(directory: Path, workloads: int) -> None:
    """Print how long three windows take."""
    store = await SqliteStore.open(directory)
    began = time.perf_counter()
    await _fill(store, EVENTS, workloads)
    written = EVENTS / (time.perf_counter() - began)
    await store.add_events([_event(EVENTS + n, "quiet") for n in range(2)])
    two = await _time(store, _query("quiet", {"app": "quiet"}))
    every = await _time(store, _query("quiet", {"tier": "back"}))
    print(
        f"{workloads:6} workloads: own two events {two:6.1f} ms, all of them {every:6.1f} ms, {written:7.0f} writes/s"
    )
    await store.close()


async def _fill(store: SqliteStore, events: int, workloads: int) -> None:
    for first in range(0, events, BATCH):
        numbers = range(first, min(events, first + BATCH))
        await store.add_events([_event(n, f"app-{n % workloads}") for n in numbers])


async def _webhook(store: SqliteStore, query: EventQuery, number: int) -> tuple[float, float]:
    began = time.perf_counter()
    await store.add_webhook(NewWebhook("one", str(number), "hash", time.time(), b"x" * 4_096))
    acknowledged = time.perf_counter()
    await store.select(query)
    return acknowledged - began, time.perf_counter() - acknowledged


async def _webhooks(store: SqliteStore, query: EventQuery, first: int) -> str:
    waiting = []
    for number in range(first, first + WEBHOOKS):
        waiting.append(asyncio.create_task(_webhook(store, query, number)))
        await asyncio.sleep(1 / WEBHOOKS_PER_S)
    acks, reads = zip(*await asyncio.gather(*waiting), strict=True)
    return ", ".join(
        f"{name} p50 {statistics.median(of) * 1e3:.1f} max {max(of) * 1e3:.1f} ms"
        for name, of in (("ack", acks), ("window", reads))
    )


async def measure_selector(directory: Path) -> None:
    """Print what a selector costs beside a read of one service's own."""
    store = await SqliteStore.open(directory)
    await _fill(store, SERVICES_EVENTS, SERVICES)
    print(f"{SERVICES} services, {SERVICES_EVENTS} events in the window; then {WEBHOOKS_PER_S} webhooks a second:")
    for number, (name, query) in enumerate(
        (("own", _query("app-7", {})), ("selector", _query("app-7", {"tier": "back"})))
    ):
        alone = await _time(store, query)
        print(f"  {name:8} alone {alone:6.1f} ms; {await _webhooks(store, query, number * WEBHOOKS)}")
    await store.close()


if __name__ == "__main__":
    for count in WORKLOADS:
        with tempfile.TemporaryDirectory() as scratch:
            asyncio.run(measure(Path(scratch), count))
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure_selector(Path(scratch)))
