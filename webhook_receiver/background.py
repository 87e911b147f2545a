"""Tasks that run beside the routes for as long as the process lives."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, StoreUnavailable
from noctuary.common.tasks import run_until_first_ends
from noctuary.routing.table import RoutingTable
from noctuary.store.interface import Store

log = structlog.get_logger()

SWEEP_ROWS = 400
"""Rows that are deleted at once, at least: about what one transaction adds, or a sweep would fall behind a flood."""
MAX_SWEEP_ROWS = 1_600
"""At most: freeing their pages must not make one long transaction, on any disk."""
SWEEP_CHUNK_S = 0.05
"""What finding and deleting a chunk may take: a webhook that comes meanwhile waits for the deleting, which is half."""
SWEEP_INTERVAL_S = 30.0
"""Once all that is over was swept."""
RETAIN_ROWS = 100
"""Incidents deleted at once: each with pages of evidence to free."""
RETAIN_INTERVAL_S = 10.0
"""Each time 500 incidents are looked at: a hundred thousand in half an hour, of the 90 days that they are kept."""

Tasks = Mapping[str, Coroutine[Any, Any, None]]


class TaskEnded(NoctuaryError):
    """A task ended that should run as long as the process; the process should end, too."""


async def supervise(coroutines: Tasks, stop: asyncio.Event) -> None:
    """Run all until stop is set, then cancel them; raise TaskEnded when one ends before."""
    running = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines.items()]
    ended = await run_until_first_ends(running, stop)
    if ended is not None:
        cause = None if ended.cancelled() else ended.exception()
        log.error("Background task ended unexpectedly", task=ended.get_name(), exc_info=cause)
        raise TaskEnded(f"The background task {ended.get_name()} ended") from cause


async def sweep(store: Store) -> None:
    """Reclaim the space of what expired, as much at a time as is quick; webhooks and notes that wait go before."""
    rows = SWEEP_ROWS
    while True:
        began = time.monotonic()
        try:
            swept = await store.sweep(clock.now(), rows)
        except StoreUnavailable as error:
            log.warning("Sweep postponed", error=str(error))
            swept = 0
        took_s = time.monotonic() - began
        if swept < rows:
            await asyncio.sleep(SWEEP_INTERVAL_S)
        rows = next_chunk(rows, took_s)


def next_chunk(rows: int, took_s: float) -> int:
    """Return how many rows to sweep next, when so many took so long."""
    if took_s < SWEEP_CHUNK_S / 2:
        return min(MAX_SWEEP_ROWS, rows * 2)
    return rows if took_s <= SWEEP_CHUNK_S else max(SWEEP_ROWS, rows // 2)


async def retain(store: Store, routing: RoutingTable, max_age_s: float) -> None:
    """Delete incidents whose time is over, and what is left of integrations that are gone, a little at a time."""
    while True:
        await asyncio.sleep(RETAIN_INTERVAL_S)
        tenants = {record.id: record.namespace for record in routing} if routing.is_fresh(max_age_s) else None
        try:
            await store.retain(clock.now(), RETAIN_ROWS, tenants)
        except StoreUnavailable as error:
            log.warning("Retention postponed", error=str(error))


async def watch_store(store: Store) -> None:
    """End as soon as the store can never commit again."""
    log.error("Store has failed, ending", error=await store.failed())
