"""How often each Warning had been counted, and when: what tells an old drizzle from a new flood."""

from collections.abc import Iterable

MAX_POINTS = 8
"""Points kept of one Event: when there are more, every second goes, so that few reach far back."""
MIN_GAP_S = 60.0
"""Between two points: rates over shorter times say nothing."""
MAX_EVENTS = 10_000
"""Events with a history: about 5 MB. What comes when there are more has none."""
_Point = tuple[float, int]


class EventHistory:
    """Remembers a few points of each Event by its uid, until it is forgotten."""

    def __init__(self) -> None:
        self._points: dict[str, list[_Point]] = {}

    def add(self, uid: str, first: float, last_seen: float, count: int) -> str:
        """Note how often an Event was counted, and return all that is known of it: `at:count`, oldest first."""
        points = self._points.get(uid)
        if points is None:
            points = [(first, 1)] if count > 1 and last_seen - first >= MIN_GAP_S else []
            if len(self._points) < MAX_EVENTS:
                self._points[uid] = points
        if not points or last_seen - points[-1][0] >= MIN_GAP_S:
            if len(points) >= MAX_POINTS - 1:  # one place is for the present
                del points[1::2]
            points.append((last_seen, count))
        now = [(last_seen, count)] if last_seen > points[-1][0] else []
        return " ".join(f"{at:.0f}:{counted}" for at, counted in [*points, *now])

    def forget(self, uid: str) -> None:
        """Forget an Event that is gone."""
        self._points.pop(uid, None)

    def forget_all_but(self, uids: Iterable[str]) -> None:
        """Forget all other Events."""
        for uid in self._points.keys() - set(uids):
            del self._points[uid]
