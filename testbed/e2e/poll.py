"""Ask until the answer is right."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

PATIENCE_S = 120.0
"""Seconds are usual; a machine busy with other work gets its time."""
POLL_S = 0.3

T = TypeVar("T")


def eventually(
    ask: Callable[[], T], right: Callable[[T], bool] = bool, what: str = "", patience_s: float = PATIENCE_S
) -> T:
    """Ask again until the answer is right; TimeoutError shows the last answer when it never is."""
    deadline = time.monotonic() + patience_s
    while True:
        answer = unless_cut_off(ask)
        if answer is not None and right(answer):
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"not after {patience_s:.0f} s: {what or 'the answer'}; the last one was {answer!r}")
        time.sleep(POLL_S)


def unless_cut_off(ask: Callable[[], T]) -> T | None:
    """Ask once; a connection that is refused or cut off while something starts is no answer yet."""
    try:
        return ask()
    except httpx.TransportError:
        return None
