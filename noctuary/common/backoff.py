"""Pauses that grow after each failure and never come at the same moment for everybody."""

import random

import msgspec

MAX_DOUBLINGS = 30
"""Far beyond any longest pause; keeps the power from growing without a bound."""


class Backoff(msgspec.Struct, frozen=True):
    """How long to wait after failures, in seconds: doubled up to `longest_s`, spread by `jitter` (a share)."""

    first_s: float
    longest_s: float
    jitter: float = 0.3

    def pause_s(self, failures: int) -> float:
        """Return the pause after so many failures in a row; 1 is the first."""
        doublings = min(max(failures, 1) - 1, MAX_DOUBLINGS)
        pause_s = min(self.longest_s, self.first_s * 2.0**doublings)
        return pause_s * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - spreads retries, guards nothing
