"""Waiting for an event, but not for ever."""

import asyncio


async def wait_until_set(event: asyncio.Event, timeout_s: float) -> None:
    """Return when the event is set or the time is over.

    Not `asyncio.wait_for`: before Python 3.12 it loses a cancellation that comes together with the event.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
