"""Tasks that run beside the routes for as long as the process lives."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from noctuary.common import clock
from noctuary.common.errors import NoctuaryError, StoreUnavailable
from noctuary.store.interface import Store

log = structlog.get_logger()

SWEEP_ROWS = 200
"""Deleting 200 rows keeps the only writer busy for some milliseconds."""
SWEEP_PAUSE_S = 0.1
"""Between two full chunks: waiting writes go first."""
SWEEP_INTERVAL_S = 30.0

Tasks = Mapping[str, Coroutine[Any, Any, None]]


class TaskEnded(NoctuaryError):
    """A task that should run for ever ended; the process should end, too."""


async def supervise(tasks: Tasks, stop: asyncio.Event) -> None:
    """Run all tasks until stop is set, then cancel them; raise TaskEnded when one ends before."""
    running = [asyncio.create_task(coroutine, name=name) for name, coroutine in tasks.items()]
    running.append(asyncio.create_task(_until(stop), name="stop"))
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        _raise_for_ended(running, stop)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


def _raise_for_ended(tasks: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    for task in tasks:
        if task.done() and not task.cancelled() and not stop.is_set():
            cause = task.exception()
            log.error("Background task ended unexpectedly", task=task.get_name(), exc_info=cause)
            raise TaskEnded(f"The background task {task.get_name()} ended") from cause


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
