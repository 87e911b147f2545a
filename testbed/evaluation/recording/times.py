"""A scenario of seconds plays like hours: times that the API server stamped are moved to when they are told."""

import re
from bisect import bisect_right
from datetime import UTC, datetime
from typing import Any

ONSET = datetime(2026, 3, 3, 14, 5, tzinfo=UTC).timestamp()
"""When the alert of every base scenario opens. No recording is made at that time, so no stamp can be taken for it."""
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
BEFORE_S = 3600.0
"""What was stamped so long before the first step is of this recording too: its namespace, made first."""
MIN_STEP_S = 0.5
"""What parts two stamps of a step that is longer in fact than the time until the next one begins."""


def written(at: float) -> str:
    """Return a time, in seconds after the alert, as the API server writes it."""
    return datetime.fromtimestamp(ONSET + at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Script:
    """When each step began in fact (seconds since the epoch), and when it is said to (seconds after the alert)."""

    def __init__(self) -> None:
        self._real: list[float] = []
        self._told: list[float] = []

    @property
    def now(self) -> float:
        """When the current step is said to happen."""
        return self._told[-1]

    def begin(self, real: float, told: float) -> None:
        """Begin a step; steps go forward in both times."""
        if self._told and told <= self._told[-1]:
            raise ValueError(f"a step at {told} cannot follow one at {self._told[-1]}")
        self._real.append(real)
        self._told.append(told)

    def told(self, real: float) -> float:
        """Return when something that was stamped is said to have happened, in seconds after the alert."""
        step = max(0, bisect_right(self._real, real) - 1)
        passed = max(0.0, real - self._real[step])
        later = self._told[step + 1] - MIN_STEP_S if step + 1 < len(self._told) else float("inf")
        return min(self._told[step] + passed, later)

    def rewrite(self, value: Any) -> Any:
        """Return a JSON value with the stamps of the recording moved; times that a scenario wrote itself stay."""
        if isinstance(value, dict):
            return {key: self.rewrite(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.rewrite(each) for each in value]
        return self._moved(value) if isinstance(value, str) and STAMP.fullmatch(value) else value

    def _moved(self, stamp: str) -> str:
        real = datetime.fromisoformat(stamp).timestamp()
        if real < self._real[0] - BEFORE_S:
            return stamp
        moved = self.told(real)
        if "." not in stamp:
            return written(moved)
        return datetime.fromtimestamp(ONSET + moved, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
