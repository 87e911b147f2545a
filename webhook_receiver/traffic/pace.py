"""How fast work goes, measured while somebody waits for it."""

import time
from collections.abc import Callable

FIRST_GUESS_S = 0.0005
"""Per slot, before anything was measured: twice what it takes on a core that is not shared."""
WINDOW = 128
"""Slots that are measured together: one long turn of the event loop is no pace."""


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
