"""Which integrations of a namespace are served: the oldest, as many as a namespace may have."""

from bisect import bisect_left, insort
from collections import defaultdict

_Place = tuple[float, str, str]
"""When it was created, in seconds since the epoch, then its name and uid: an order that no restart changes."""


class Seats:
    """The order of the integrations of each namespace; the first ones of it have a seat."""

    def __init__(self, per_namespace: int) -> None:
        self.per_namespace = per_namespace
        self._places: defaultdict[str, list[_Place]] = defaultdict(list)
        self._of: dict[str, tuple[str, _Place]] = {}

    def uids(self) -> set[str]:
        """Return all who have a place, be it beyond the seats."""
        return set(self._of)

    def put(self, uid: str, namespace: str, name: str, created_at: float) -> set[str]:
        """Give an integration its place; return the uid of one that has lost its seat by that."""
        if uid in self._of:
            return set()
        place = (created_at, name, uid)
        self._of[uid] = namespace, place
        places = self._places[namespace]
        insort(places, place)
        is_seated = bisect_left(places, place) < self.per_namespace
        return {places[self.per_namespace][2]} if is_seated and len(places) > self.per_namespace else set()

    def drop(self, uid: str) -> set[str]:
        """Take its place away; return the uid of the one that has got a seat by that."""
        namespace, place = self._of.pop(uid, ("", None))
        if place is None:
            return set()
        places = self._places[namespace]
        index = bisect_left(places, place)
        del places[index]
        if not places:
            del self._places[namespace]
        is_seated = index < self.per_namespace
        return {places[self.per_namespace - 1][2]} if is_seated and len(places) >= self.per_namespace else set()

    def has(self, uid: str) -> bool:
        """Whether an integration is served; one without a place is not told of yet."""
        namespace, place = self._of.get(uid, ("", None))
        return place is None or bisect_left(self._places[namespace], place) < self.per_namespace
