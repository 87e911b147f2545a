"""The memory of bodies, charged as they arrive, until they are stored."""

import gc
from typing import Self

from noctuary.serving.limits_met import LimitsMet
from noctuary.serving.pool import Pool, Share

MAX_BODIES_BYTES = 64 * 1024 * 1024
"""Events and long webhooks that are being read or stored; what they are decoded to weighs twice as much again."""
MAX_SMALL_BODIES_BYTES = 16 * 1024 * 1024
"""Kept for webhooks as PagerDuty sends them: thousands at once, whatever else is being received."""
SMALL_BYTES = 64 * 1024
"""Eight times an ordinary webhook of PagerDuty."""
ADDRESS_WEIGHT = 4.0
"""All come from one address behind an ingress controller: an address may hold four fifths, an integration half."""
WHOLE_WEIGHT, WHOLE_ADDRESS_WEIGHT = 4.0, 16.0
"""The same for small bodies that came whole: they are stored or refused at once, and whoever knows a URL, or has some
integrations, fills all other shares with bodies that never end."""

COLLECTED_AFTER_BYTES = 16 * 1024 * 1024
"""Of bodies that were held: those of requests that failed may wait for the garbage collector, which counts containers
and not their bytes, and is rarely at work (`process.py`)."""
YOUNG = 1
"""The generations that such requests are in; the oldest one holds the routing table, and is left alone."""


class HeldBody:
    """What one body holds, of one integration and one source address."""

    def __init__(self, budget: "BodyBudget", integration_id: str, address: str, *, may_use_reserve: bool) -> None:
        self._budget = budget
        self._integration_id = integration_id
        self._address = address
        self._pool = budget.small if may_use_reserve else budget.large
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def grow(self, size: int, *, is_whole: bool = False) -> None:
        """Hold `size` bytes in all from now on, all of a body or not; raise NotReady when others need them more."""
        if size > SMALL_BYTES and self._pool is self._budget.small:
            self.give_back()
            self._pool = self._budget.large
        is_short = is_whole and self._pool is self._budget.small
        weights = (WHOLE_WEIGHT, WHOLE_ADDRESS_WEIGHT) if is_short else (1.0, ADDRESS_WEIGHT)
        if not self._pool.take(self._shares(*weights), size - self._size):
            raise self._budget.limits_met.refuse(
                "bodies_bytes", "Too much is being received at once", integration=self._integration_id
            )
        self._size = size

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._pool.give_back(self._shares(), self._size)
        self._budget.count_held(self._size)
        self._size = 0

    def _shares(self, of_integration: float = 1.0, of_address: float = ADDRESS_WEIGHT) -> tuple[Share, Share]:
        return (
            Share(("integration", self._integration_id), of_integration),
            Share(("address", self._address), of_address),
        )


class BodyBudget:
    """Bounds the memory of bodies: by what has arrived, never by what a sender announces."""

    def __init__(
        self, limits_met: LimitsMet, large_bytes: int = MAX_BODIES_BYTES, small_bytes: int = MAX_SMALL_BODIES_BYTES
    ) -> None:
        self.limits_met = limits_met
        self.large = Pool(large_bytes)
        self.small = Pool(small_bytes)
        self._held_bytes = 0

    def count_held(self, size: int) -> None:
        """Count what was held, and have what is left of it freed from time to time."""
        self._held_bytes += size
        if self._held_bytes >= COLLECTED_AFTER_BYTES:
            self._held_bytes = 0
            gc.collect(YOUNG)

    def hold(self, integration_id: str, address: str, *, may_use_reserve: bool = False) -> HeldBody:
        """Hold a body for as long as the context lasts; a small one may be taken from the reserve of webhooks."""
        return HeldBody(self, integration_id, address, may_use_reserve=may_use_reserve)
