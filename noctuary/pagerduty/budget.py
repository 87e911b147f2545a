"""The rate budget of one API token: shared through PagerDuty's own headers, so that several processes can keep it."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum
from weakref import WeakValueDictionary

from noctuary.common.errors import PagerDutyUnavailable
from noctuary.common.turns import TurnSlots

MAX_CALLS_AT_ONCE = 8
"""PagerDuty advises serial calls; eight keep a storm of incidents moving and stay far below its limit."""
DEFAULT_PAUSE_S = 10.0
"""A 429 may come without headers; a window is a minute, so ten seconds find its end soon enough."""
MAX_PAUSE_S = 120.0
"""A header that asks for more than two windows is taken for a mistake."""

SWEEP_ABOVE = 100
"""So many budgets are kept before those are forgotten that limit nothing: tokens come and go."""


class Need(Enum):
    """How far into the budget a call may go: its value is how many calls must remain for others.

    A note that lacks comes first, then the read without which it may not be written, then what makes it better, then
    later texts of notes that stand. All else (comparisons, log entries, looks for doubles) leaves the most.
    """

    NOTE = 0
    CONFIRM = 20
    OPTIONAL = 100
    EDIT = 150
    HOUSEKEEPING = 200


class Budget:
    """What is left of one token's minute, and a bound on calls at once."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._slots = TurnSlots(MAX_CALLS_AT_ONCE)
        self._remaining: int | None = None
        self._resets_at = 0.0
        self._closed_until = 0.0
        self._used: Counter[str] = Counter()
        self._used_before: frozenset[str] = frozenset()

    @property
    def is_limiting(self) -> bool:
        """Whether it says more than a new one would; what is called just now is held by its caller."""
        now = self._monotonic()
        return now < self._closed_until or (self._remaining is not None and now < self._resets_at)

    def wait_s(self, need: Need, tenant: str = "") -> float:
        """Return how many seconds a tenant's call of this need must wait; 0 means now.

        Of a minute no tenant has more than its part, while others called in it or in the one before.
        """
        now = self._monotonic()
        if now < self._closed_until:
            return self._closed_until - now
        if self._remaining is None or now >= self._resets_at:
            return 0.0
        is_used_up = self._remaining <= need.value or self._has_had_its_part(tenant, self._remaining)
        return self._resets_at - now if is_used_up else 0.0

    def _has_had_its_part(self, tenant: str, remaining: int) -> bool:
        others = (self._used.keys() | self._used_before) - {tenant}
        return bool(others) and self._used[tenant] * (len(others) + 1) >= remaining + self._used.total()

    def is_free(self, need: Need, tenant: str = "") -> bool:
        """Tell whether a call of this need would begin at once."""
        return not self._slots.locked() and self.wait_s(need, tenant) == 0

    @asynccontextmanager
    async def call(self, need: Need, tenant: str = "") -> AsyncIterator[None]:
        """Hold a slot during a call, by turns of the tenants that share the token.

        Raises PagerDutyUnavailable at once when the budget does not allow it.
        """
        async with self._slots.hold(tenant):
            wait_s = self.wait_s(need, tenant)
            if wait_s > 0:
                raise PagerDutyUnavailable(
                    "the token's rate budget is used up for this minute", status=429, retry_after_s=wait_s
                )
            if self._remaining is not None and self._monotonic() < self._resets_at:
                self._remaining -= 1
            self._used[tenant] += 1
            yield

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take over what an answer says; an older answer that comes late never raises what is left."""
        remaining, reset_s = _number(headers.get("ratelimit-remaining")), _number(headers.get("ratelimit-reset"))
        if remaining is None or reset_s is None:
            return
        now = self._monotonic()
        same_window = self._remaining is not None and now < self._resets_at
        self._remaining = min(int(remaining), self._remaining or 0) if same_window else int(remaining)
        if not same_window:
            self._used, self._used_before = Counter(), frozenset(self._used)
            self._resets_at = now + min(reset_s, MAX_PAUSE_S)

    def close(self, headers: Mapping[str, str]) -> float:
        """Stop all calls of the token after a 429; return for how many seconds."""
        asked = _number(headers.get("retry-after")) or _number(headers.get("ratelimit-reset"))
        pause_s = min(asked, MAX_PAUSE_S) if asked is not None else DEFAULT_PAUSE_S
        self._closed_until = max(self._closed_until, self._monotonic() + pause_s)
        return pause_s


class Budgets:
    """One budget per API and token, kept while it is used or says more than a new one would."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[str, str], Budget] = WeakValueDictionary()
        self._kept: dict[tuple[str, str], Budget] = {}
        self._sweep_at = SWEEP_ABOVE

    def __len__(self) -> int:
        return len(self._known)

    def of(self, api_url: str, token: str) -> Budget:
        """Return the budget of a token, the same one for every integration that uses it."""
        key = (api_url, token)
        budget = self._known.get(key)
        if budget is None:
            budget = self._known[key] = Budget()
        self._kept[key] = budget
        if len(self._kept) > self._sweep_at:
            self._kept = {each: kept for each, kept in self._kept.items() if kept.is_limiting}
            self._sweep_at = 2 * len(self._kept) + SWEEP_ABOVE
        return budget


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < float("inf") else None
