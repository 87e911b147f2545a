"""Waiting in tests: ask until the answer is good, and show the last one when it never is."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

import httpx

TIMEOUT_S = 120.0
"""Seconds are usual; a machine busy with other work gets its time."""
POLL_S = 0.05
SLOW_POLL_S = 0.3
"""Between questions that start a process or cross a cluster."""

T = TypeVar("T")


def is_there(answer: object) -> bool:
    """Tell whether there is an answer at all."""
    return answer is not None and answer is not False


def eventually(
    what: str,
    ask: Callable[[], T | None],
    is_good: Callable[[T], bool] = is_there,
    *,
    show: Callable[[], object] = lambda: "",
    timeout_s: float = TIMEOUT_S,
    poll_s: float = SLOW_POLL_S,
) -> T:
    """Ask until the answer is good; TimeoutError names what was waited for, the last answer, and what `show` tells."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = unless_cut_off(ask)
        if answer is not None and is_good(answer):
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"not after {timeout_s:.0f} s: {what}; the last answer was {answer!r} {show()}".rstrip())
        time.sleep(poll_s)


@overload
async def until(
    what: str,
    ask: Callable[[], Awaitable[T | None]],
    is_good: Callable[[T], bool] = ...,
    *,
    timeout_s: float = ...,
    poll_s: float = ...,
) -> T: ...
@overload
async def until(
    what: str,
    ask: Callable[[], T | None],
    is_good: Callable[[T], bool] = ...,
    *,
    timeout_s: float = ...,
    poll_s: float = ...,
) -> T: ...
async def until(
    what: str,
    ask: Callable[[], object],
    is_good: Callable[[T], bool] = is_there,
    *,
    timeout_s: float = TIMEOUT_S,
    poll_s: float = POLL_S,
) -> object:
    """As `eventually`, in an event loop; what is asked may have to be awaited."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = ask()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer is not None and is_good(answer):  # type: ignore[arg-type]  # as the overloads say
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"not after {timeout_s:.0f} s: {what}; the last answer was {answer!r}")
        await asyncio.sleep(poll_s)


def unless_cut_off(ask: Callable[[], T]) -> T | None:
    """Ask once; a connection that is refused or cut off while something starts is no answer yet."""
    try:
        return ask()
    except httpx.TransportError:
        return None
