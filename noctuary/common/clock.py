"""Time as the domain speaks of it: UTC, in seconds since the epoch, RFC 3339 on the wire."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

MAX_TIME_CHARS = 64
"""With nanoseconds and an offset it has 35; Python reads a fraction of a million digits."""


_PLAYED: ContextVar[float | None] = ContextVar("played time", default=None)
"""The time that holds where a recording is played; nobody else sets it."""


def now() -> float:
    """Return the wall-clock time in seconds since the epoch; where a recording is played, its time."""
    played = _PLAYED.get()
    return time.time() if played is None else played


@contextmanager
def at(seconds: float) -> Iterator[None]:
    """Let it be another time within this context, and in the tasks and threads that it starts: for recordings."""
    token = _PLAYED.set(seconds)
    try:
        yield
    finally:
        _PLAYED.reset(token)


def parse_time(text: str) -> float:
    """Parse an RFC 3339 time with any offset; raise ValueError when it is none."""
    if len(text) > MAX_TIME_CHARS:
        raise ValueError("No time is so long")
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.timestamp()


def format_time(seconds: float) -> str:
    """Format seconds since the epoch as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_clock(seconds: float) -> str:
    """Format seconds since the epoch as HH:MM:SS in UTC, as notes print it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def format_moment(seconds: float, near: float) -> str:
    """Format a time as HH:MM:SS in UTC, with month and day when it is of another day than `near`."""
    at = datetime.fromtimestamp(seconds, UTC)
    is_same_day = at.date() == datetime.fromtimestamp(near, UTC).date()
    return format_clock(seconds) if is_same_day else at.strftime("%m-%d %H:%M:%S")
