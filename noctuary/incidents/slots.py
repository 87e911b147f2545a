"""Slots: how many incidents are worked at once, and how many of them may be of one integration."""

from collections import Counter

from noctuary.store.interface import Share

FREE_PART = 4
"""An integration may hold a quarter of as many slots as are free: one of a hundred that take all they may still finds
some, and one alone gets a fifth of all."""


class Slots:
    """Bounded slots; while any is free, an integration that holds none may have one."""

    def __init__(self, total: int, most: int) -> None:
        """Make so many slots, of which one integration gets `most` at most."""
        self._total = total
        self._most = most
        self._held: Counter[str] = Counter()

    @property
    def free(self) -> int:
        """Return how many slots nobody holds."""
        return self._total - self._held.total()

    def share(self) -> Share:
        """Return what one integration may take now."""
        return Share(max(1, min(self._most, self.free // FREE_PART)), dict(self._held))

    def take(self, integration_id: str) -> None:
        """Hold a slot more for an integration."""
        self._held[integration_id] += 1

    def give_back(self, integration_id: str) -> None:
        """End one of an integration's holds."""
        self._held[integration_id] -= 1
        if not self._held[integration_id]:
            del self._held[integration_id]
