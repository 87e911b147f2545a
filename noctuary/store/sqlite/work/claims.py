"""Who works on what: claims in memory, because one process alone uses the file."""

from collections.abc import Hashable, Iterable

from noctuary.store.shares import Work

SLACK_S = 60.0
"""Who asks may have looked at the clock a while ago."""


class Claims:
    """Claims with their ends in seconds since the epoch; used from one event loop.

    They know no owner. Whoever claims ends its claims when its task ends, however it ends, and takes nothing that it
    still works on: so a claim outlives its lease only under a task that hangs, and then another may take over.
    """

    def __init__(self) -> None:
        self._ends: dict[Work, dict[Hashable, float]] = {work: {} for work in Work}

    def claim(self, work: Work, key: Hashable, lease_s: float, now: float) -> bool:
        """Claim a key; False when somebody holds it.

        A claim that lasts much longer than one made now would is of a clock that was ahead since, and holds nothing.
        """
        if _holds(self._ends[work].get(key, now), lease_s, now):
            return False
        self._ends[work][key] = now + lease_s
        return True

    def free(self, work: Work, keys: Iterable[Hashable]) -> None:
        """End claims; those that nobody holds are no error."""
        for key in keys:
            self._ends[work].pop(key, None)

    def keep(self, work: Work, key: Hashable, until: float) -> None:
        """Have a claim end at a time, whoever holds it."""
        self._ends[work][key] = until

    def held(self, work: Work, lease_s: float, now: float) -> frozenset[Hashable]:
        """Return the keys that cannot be claimed for so long now."""
        return frozenset(key for key, end in self._ends[work].items() if _holds(end, lease_s, now))


def _holds(end: float, lease_s: float, now: float) -> bool:
    return now < end <= now + lease_s + SLACK_S
