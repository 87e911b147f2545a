"""When each token is compared: all its integrations in one round, and those with a reason of their own sooner."""

import heapq
from collections.abc import Iterator

from noctuary.models.routing_record import RoutingRecord

TokenKey = tuple[str, str]
"""API address and token: what is listed with it is the same for all integrations that use it."""
NEVER = float("inf")


class Schedule:
    """Times are of a clock that nobody sets, in seconds; each change costs the logarithm of the tokens at most."""

    def __init__(self) -> None:
        self._key_of: dict[str, TokenKey] = {}
        self._members: dict[TokenKey, set[str]] = {}
        self._round_at: dict[TokenKey, float] = {}
        self._sooner: dict[TokenKey, dict[str, float]] = {}
        self._waiting: list[tuple[float, TokenKey]] = []
        self._running: set[TokenKey] = set()

    def put(self, integration_id: str, record: RoutingRecord | None, at: float) -> None:
        """Take up what is known of an integration: one that may be compared is due at a time, another is forgotten."""
        key = None
        if record is not None and record.api_token is not None and not record.suspend:
            key = (record.api_url, record.api_token)
        if key != self._key_of.get(integration_id):
            self._drop(integration_id)
        if key is not None:
            self._key_of[integration_id] = key
            self._members.setdefault(key, set()).add(integration_id)
            self.request(integration_id, at)

    def request(self, integration_id: str, at: float) -> None:
        """Have an integration compared at a time, if not before."""
        key = self._key_of.get(integration_id)
        if key is None:
            return
        if key not in self._round_at:
            self._round_at[key] = at
        else:
            sooner = self._sooner.setdefault(key, {})
            sooner[integration_id] = min(at, sooner.get(integration_id, NEVER))
        self._wait(key, at)

    def due(self, now: float) -> Iterator[TokenKey]:
        """Yield each token that is due and not under way; `end` must follow."""
        while self._waiting and self._waiting[0][0] <= now:
            _, key = heapq.heappop(self._waiting)
            if key in self._running or key not in self._members:
                continue
            due_at = self._due_at(key)
            if due_at > now:
                self._wait(key, due_at)
            else:
                self._running.add(key)
                yield key

    def knows(self, key: TokenKey) -> bool:
        """Tell whether any integration uses a token."""
        return key in self._members

    def next_at(self) -> float:
        """Return when something may be due, infinity for never."""
        return self._waiting[0][0] if self._waiting else NEVER

    def take(self, key: TokenKey, now: float, next_round_at: float) -> list[str]:
        """Return the integrations of a token that are due now: all of them in its round."""
        sooner = self._sooner.pop(key, {})
        if self._round_at.get(key, NEVER) <= now:
            self._round_at[key] = next_round_at
            return sorted(self._members.get(key, ()))
        later = {each: at for each, at in sooner.items() if at > now}
        if later:
            self._sooner[key] = later
        return sorted(each for each in sooner if each not in later and each in self._members.get(key, ()))

    def end(self, key: TokenKey) -> None:
        """Have a token that was due wait for its next time."""
        self._running.discard(key)
        if key in self._members:
            self._wait(key, self._due_at(key))

    def _due_at(self, key: TokenKey) -> float:
        return min(self._round_at[key], *self._sooner.get(key, {}).values(), NEVER)

    def _wait(self, key: TokenKey, at: float) -> None:
        if key not in self._running:
            heapq.heappush(self._waiting, (at, key))

    def _drop(self, integration_id: str) -> None:
        key = self._key_of.pop(integration_id, None)
        if key is None:
            return
        self._members[key].discard(integration_id)
        self._sooner.get(key, {}).pop(integration_id, None)
        if not self._members[key]:
            del self._members[key]
            self._round_at.pop(key, None)
            self._sooner.pop(key, None)
