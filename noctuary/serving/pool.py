"""Memory that many share: whoever takes of it leaves as much for the others, however many there are."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple


class Share(NamedTuple):
    """One of those who hold what is taken; it may hold `weight` times what stays free."""

    holder: Hashable
    weight: float = 1.0


class Pool:
    """Bytes that are held by several at once.

    A holder may have as much as stays free (times its weight): alone it gets half of all, the second one half of what
    is left, and so on. So none can take what the next one needs, and no share is set aside for those who are not there.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._held: dict[Hashable, int] = {}
        self.held_bytes = 0

    def take(self, shares: Sequence[Share], size: int) -> bool:
        """Take bytes for all given holders together; False when one of them would hold more than its share."""
        free = self._limit - self.held_bytes - size
        if any(self._held.get(share.holder, 0) + size > share.weight * free for share in shares):
            return False
        self._add(shares, size)
        return True

    def give_back(self, shares: Sequence[Share], size: int) -> None:
        """Return bytes that were taken with the same holders."""
        self._add(shares, -size)

    def _add(self, shares: Sequence[Share], size: int) -> None:
        self.held_bytes += size
        for holder, _ in shares:
            held = self._held.get(holder, 0) + size
            if held:
                self._held[holder] = held
            else:
                self._held.pop(holder, None)
