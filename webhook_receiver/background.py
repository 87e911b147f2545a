"""Tasks that run beside the routes for as long as the process lives."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, StoreUnavailable
from noctuary.common.tasks import run_until_first_ends
from noctuary.store.interface import Store

log = structlog.get_logger()

SWEEP_ROWS = 200
"""Deleting 200 rows keeps the only writer busy for some milliseconds."""
SWEEP_PAUSE_S = 0.1
"""Between two full chunks: waiting writes go first."""
SWEEP_INTERVAL_S = 30.0

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
    """Reclaim the space of what expired, a little at a time."""
    while True:
        try:
            swept = await store.sweep(clock.now(), SWEEP_ROWS)
        except StoreUnavailable as error:
            log.warning("Sweep postponed", error=str(error))
            swept = 0
        await asyncio.sleep(SWEEP_PAUSE_S if swept >= SWEEP_ROWS else SWEEP_INTERVAL_S)


async def watch_store(store: Store) -> None:
    """End as soon as the store can never commit again."""
    log.error("Store has failed, ending", error=await store.failed())
