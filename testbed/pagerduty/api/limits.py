"""The REST rate limit: calls per minute and budget, with the headers that announce it."""

import math
from dataclasses import dataclass

from testbed.pagerduty.account.clock import VirtualClock

REQUESTS_PER_MINUTE = 960
"""The vendor's limit per key or user."""

WINDOW_S = 60.0
GRACE_S = 0.25
"""Calls that were already on their way when the limit closed are not held against a client."""


@dataclass
class Window:
    """One minute of one budget; `closed_at` is when a 429 was answered."""

    opened_at: float
    used: int = 0
    closed_at: float | None = None
    closed_until: float = 0.0


class RateLimit:
    """Fixed windows of a minute of virtual time, one per budget."""

    def __init__(self, clock: VirtualClock, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._windows: dict[str, Window] = {}

    def take(self, budget: str) -> bool:
        """Count a call and say whether it is within the limit."""
        window = self._window(budget)
        window.used += 1
        if self.per_minute is None or window.used <= self.per_minute:
            return True
        self.close(budget, window.opened_at + WINDOW_S - self._clock.monotonic())
        return False

    def close(self, budget: str, seconds: float) -> None:
        """Remember that a client is told to stay away for some seconds."""
        window = self._window(budget)
        now = self._clock.monotonic()
        if window.closed_at is None or now >= window.closed_until:
            window.closed_at = now
        window.closed_until = max(window.closed_until, now + seconds)

    def intrusion_s(self, budget: str) -> float | None:
        """Return how many seconds too early a call comes, or None when it may come."""
        window = self._windows.get(budget)
        now = self._clock.monotonic()
        if window is None or window.closed_at is None or now < window.closed_at + GRACE_S:
            return None
        return window.closed_until - now if now < window.closed_until else None

    def headers(self, budget: str) -> dict[str, str]:
        """Return the three headers of an answer."""
        window, now = self._window(budget), self._clock.monotonic()
        closed = now < window.closed_until
        if self.per_minute is None and not closed:
            return {}
        limit = self.per_minute or REQUESTS_PER_MINUTE
        opens_at = window.closed_until if closed else window.opened_at + WINDOW_S
        return {
            "ratelimit-limit": str(limit),
            "ratelimit-remaining": str(0 if closed else max(0, limit - window.used)),
            "ratelimit-reset": str(max(1, math.ceil(opens_at - now))),
        }

    def _window(self, budget: str) -> Window:
        now = self._clock.monotonic()
        window = self._windows.get(budget)
        if window is None or now >= window.opened_at + WINDOW_S:
            fresh = Window(now)
            if window is not None and now < window.closed_until:
                fresh.closed_at, fresh.closed_until = window.closed_at, window.closed_until
            window = self._windows[budget] = fresh
        return window
