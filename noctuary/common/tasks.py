"""Tasks that run beside each other until the process is told to stop, and waits that end."""

import asyncio
from collections.abc import Awaitable, Collection
from typing import Any

END_WITHIN_S = 10.0
"""How long cancelled tasks may take to end: below Kubernetes' 30 s of grace, with room for what comes after them."""


async def run_until_first_ends(
    tasks: Collection["asyncio.Task[None]"], stop: asyncio.Event
) -> "asyncio.Task[None] | None":
    """Run tasks until one ends or `stop` is set, then set it and end them all; return the one that ended unasked.

    One that failed is returned also where `stop` was set in the same moment: its error must not be lost.
    """
    waiter = asyncio.create_task(stop.wait(), name="stop")
    try:
        done, _ = await asyncio.wait([*tasks, waiter], return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in tasks if task in done]
        failed = [task for task in ended if not task.cancelled() and task.exception() is not None]
        return next(iter(failed if stop.is_set() else failed + ended), None)
    finally:
        stop.set()
        await cancel([*tasks, waiter])


async def finish_unless_stopped(work: Awaitable[object], stop: asyncio.Event) -> bool:
    """Return True when the work is done, False when `stop` was set before, which cancels it. Raises its error."""
    future = asyncio.ensure_future(work)
    waiter = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([future, waiter], return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            future.result()
        return future.done()
    finally:
        await cancel([future, waiter])


async def cancel(futures: Collection["asyncio.Future[Any]"]) -> None:
    """Cancel tasks or futures and wait for their ends, `END_WITHIN_S` at most; their errors are not raised."""
    for future in futures:
        future.cancel()
    if futures:
        done, _ = await asyncio.wait(futures, timeout=END_WITHIN_S)
        for future in done:
            _ = future.cancelled() or future.exception()  # else asyncio logs an error that nobody asked for


async def wait_until_set(event: asyncio.Event, timeout_s: float) -> None:
    """Return when the event is set or the time is over.

    Not `asyncio.wait_for`: before Python 3.12 it loses a cancellation that comes together with the event.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
