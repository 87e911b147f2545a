"""The simulator's clock: real time plus an offset that tests move forward, so that nobody waits for a retry."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Runs with real time and jumps ahead when told to; whoever sleeps past the jump wakes at once."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._alarms: dict[asyncio.Event, float] = {}

    def now(self) -> datetime:
        """Return the virtual time of day in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset_s)

    def monotonic(self) -> float:
        """Return virtual seconds that never run backwards."""
        return time.monotonic() + self._offset_s

    @property
    def offset_s(self) -> float:
        """Return how far the clock was moved ahead of real time, in seconds."""
        return self._offset_s

    def advance(self, seconds: float) -> None:
        """Move the clock ahead and wake the sleepers; zero only lets them look around."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {-seconds} s: give zero or more seconds")
        self._offset_s += seconds
        for alarm in self._alarms:
            alarm.set()

    def next_alarm(self) -> float | None:
        """Return the seconds until the first sleeper wakes, or None when nobody sleeps."""
        if not self._alarms:
            return None
        return max(0.0, min(self._alarms.values()) - self.monotonic())

    async def sleep(self, seconds: float, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Sleep in virtual seconds, or until `unless` holds when the clock is touched."""
        deadline = self.monotonic() + seconds
        alarm = asyncio.Event()
        self._alarms[alarm] = deadline
        try:
            while (left := deadline - self.monotonic()) > 0 and not unless():
                alarm.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(alarm.wait(), left)
        finally:
            del self._alarms[alarm]
