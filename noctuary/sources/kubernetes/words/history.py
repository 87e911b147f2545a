"""How often each Warning had been counted, and when: what tells an old drizzle from a new flood."""

from collections.abc import Iterable
from itertools import islice

MAX_POINTS = 8
"""Points kept of one Event: when there are more, every second goes, so that few reach far back."""
MIN_GAP_S = 60.0
"""Between two points: rates over shorter times say nothing."""
MAX_EVENTS = 10_000
"""Events with a history: about 9 MB. When there are more, the namespace that has the most loses its oldest."""
EVICTED_PART = 8
"""So many of a namespace's go at once, as a fraction: to find the fullest namespace is not free."""
_Point = tuple[float, int]


class EventHistory:
    """Remembers a few points of each Event by its uid, until it is forgotten.

    No namespace can take another's place: only what has more than its share of all is evicted.
    """

    def __init__(self, max_events: int = MAX_EVENTS) -> None:
        self._max_events = max_events
        self._namespaces: dict[str, dict[str, list[_Point]]] = {}
        self._known = 0

    def add(self, namespace: str, uid: str, first: float, last_seen: float, count: int) -> str:
        """Note how often an Event was counted, and return all that is known of it: `at:count`, oldest first."""
        points = self._points(namespace, uid)
        if points is None:
            points = [(first, 1)] if count > 1 and last_seen - first >= MIN_GAP_S else []
            self._keep(namespace, uid, points)
        if not points or last_seen - points[-1][0] >= MIN_GAP_S:
            if len(points) >= MAX_POINTS - 1:  # one place is for the present
                del points[1::2]
            points.append((last_seen, count))
        now = [(last_seen, count)] if last_seen > points[-1][0] else []
        return " ".join(f"{at:.0f}:{counted}" for at, counted in [*points, *now])

    def _points(self, namespace: str, uid: str) -> list[_Point] | None:
        """Return the points of an Event, which becomes its namespace's newest."""
        known = self._namespaces.get(namespace, {})
        points = known.pop(uid, None)
        if points is not None:
            known[uid] = points
        return points

    def _keep(self, namespace: str, uid: str, points: list[_Point]) -> None:
        if self._known >= self._max_events:
            self._evict()
        self._namespaces.setdefault(namespace, {})[uid] = points
        self._known += 1

    def _evict(self) -> None:
        fullest = max(self._namespaces, key=lambda each: len(self._namespaces[each]))
        known = self._namespaces[fullest]
        for uid in list(islice(known, max(1, len(known) // EVICTED_PART))):
            self.forget(fullest, uid)

    def forget(self, namespace: str, uid: str) -> None:
        """Forget an Event that is gone."""
        known = self._namespaces.get(namespace, {})
        if known.pop(uid, None) is not None:
            self._known -= 1
        if not known:
            self._namespaces.pop(namespace, None)

    def forget_all_but(self, kept: Iterable[tuple[str, str]]) -> None:
        """Forget all other Events, each given by namespace and uid."""
        held = {(namespace, uid) for namespace, known in self._namespaces.items() for uid in known}
        for namespace, uid in held - set(kept):
            self.forget(namespace, uid)
