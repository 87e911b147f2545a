"""How long the window of one service takes in a namespace with 100,000 events, of few and of many workloads."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.store.interface import EventQuery
from noctuary.store.sqlite.store import SqliteStore

EVENTS = 100_000
BATCH = 1_000
READS = 20
WORKLOADS = (1, 500, 20_000)
MESSAGE = "m" * 200
AT = 1_800_000_000.0


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
    for first in range(0, EVENTS, BATCH):
        await store.add_events([_event(n, f"app-{n % workloads}") for n in range(first, first + BATCH)])
    written = EVENTS / (time.perf_counter() - began)
    await store.add_events([_event(EVENTS + n, "quiet") for n in range(2)])
    two = await _time(store, _query("quiet", {"app": "quiet"}))
    every = await _time(store, _query("quiet", {"tier": "back"}))
    print(
        f"{workloads:6} workloads: own two events {two:6.1f} ms, all of them {every:6.1f} ms, {written:7.0f} writes/s"
    )
    await store.close()


if __name__ == "__main__":
    for count in WORKLOADS:
        with tempfile.TemporaryDirectory() as scratch:
            asyncio.run(measure(Path(scratch), count))
