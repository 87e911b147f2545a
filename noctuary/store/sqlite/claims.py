"""Who works on what: claims in memory, because one process alone uses the file."""

from collections.abc import Hashable, Iterable

from noctuary.store.interface import Work


class Claims:
    """Claims with their ends in seconds since the epoch; used from one event loop."""

    def __init__(self) -> None:
        self._ends: dict[Work, dict[Hashable, float]] = {work: {} for work in Work}

    def claim(self, work: Work, key: Hashable, lease_s: float, now: float) -> bool:
        """Claim a key; False when somebody holds it."""
        if self._ends[work].get(key, now) > now:
            return False
        self._ends[work][key] = now + lease_s
        return True

    def free(self, work: Work, keys: Iterable[Hashable]) -> None:
        """End claims; those that nobody holds are no error."""
        for key in keys:
            self._ends[work].pop(key, None)

    def held(self, work: Work) -> int:
        """Return how many keys are claimed, or were and nobody ended it."""
        return len(self._ends[work])
