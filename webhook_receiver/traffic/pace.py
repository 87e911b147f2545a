"""How fast work goes, measured while somebody waits for it, and how fast refusals go."""

import time
from collections.abc import Callable

FIRST_GUESS_S = 0.0005
"""Per slot, before anything was measured: twice what it takes on a core that is not shared."""
WINDOW = 128
"""Slots that are measured together: one long turn of the event loop is no pace."""

REFUSALS_PER_S = 1000
"""About a twentieth of a core. Senders that ask again at once, however often they are refused, would else have all of
it, and the store's thread would wait for the interpreter at each of its rows."""
REFUSALS_AT_ONCE = 200
"""Told without any delay, after a second without refusals."""
MAX_DELAY_S = 1.0
"""As long as who is refused is asked to stay away."""


class Pace:
    """The seconds that pass between two slots that are given back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._measured_s = FIRST_GUESS_S
        self._began = now()
        self._freed = 0

    def begin(self) -> None:
        """Measure anew: until now nobody waited."""
        self._began = self._now()
        self._freed = 0

    def free(self, slots: int) -> None:
        """Count slots that were given back."""
        self._freed += slots
        if self._freed >= WINDOW:
            self._measured_s = (self._now() - self._began) / self._freed
            self.begin()

    def seconds(self, slots: float) -> float:
        """Return in how many seconds so many slots will be given back; what is slower by now than it was counts."""
        return slots * max(self._measured_s, (self._now() - self._began) / WINDOW)


class RefusalPace:
    """When each refusal is told: at once, unless too many are."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._told_at = 0.0

    def delay_s(self) -> float:
        """Return for how many seconds the next refusal has to wait."""
        now = self._now()
        earliest = now - REFUSALS_AT_ONCE / REFUSALS_PER_S
        self._told_at = min(max(self._told_at, earliest) + 1 / REFUSALS_PER_S, now + MAX_DELAY_S)
        return max(0.0, self._told_at - now)
