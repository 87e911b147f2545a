"""Tasks that run beside each other until the process is told to stop, and waits that end."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any

END_WITHIN_S = 10.0
"""How long cancelled tasks may take to end: below Kubernetes' 30 s of grace, with room for what comes after them."""


async def run_until_first_ends(
    tasks: Collection["asyncio.Task[None]"], stop: asyncio.Event
) -> "asyncio.Task[None] | None":
    """Run tasks until one ends or `stop` is set, then set it and end them all; return the one that ended unasked."""
    waiter = asyncio.create_task(stop.wait(), name="stop")
    try:
        done, _ = await asyncio.wait([*tasks, waiter], return_when=asyncio.FIRST_COMPLETED)
        return None if stop.is_set() else next(task for task in tasks if task in done)
    finally:
        stop.set()
        await cancel([*tasks, waiter])


async def wait_unless_stopped(future: "asyncio.Future[Any]", stop: asyncio.Event) -> bool:
    """Wait until a future is done or `stop` is set; tell whether it was done. Raises the future's error."""
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait([waiter, future], return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if future.done():
        future.result()
        return True
    future.cancel()
    await asyncio.gather(future, return_exceptions=True)
    return False


async def cancel(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel tasks and wait for their ends, for a while; their errors are not ours to raise."""
    for task in tasks:
        task.cancel()
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), END_WITHIN_S)


async def wait_until_set(event: asyncio.Event, timeout_s: float) -> None:
    """Return when the event is set or the time is over.

    Not `asyncio.wait_for`: before Python 3.12 it loses a cancellation that comes together with the event.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
