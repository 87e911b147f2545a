"""What ran under a name until it was deleted: what is made anew under that name is no first rollout."""

from noctuary.models.context_event import EventType
from noctuary.sources.kubernetes.draft import TTL_S
from noctuary.sources.kubernetes.rollouts.differences import WorkloadState
from noctuary.sources.kubernetes.rollouts.template import MAX_SUMMARY_BYTES

MAX_KEPT = 1000
"""Of all namespaces, the last ones: at most 16 MB, mostly 1 MB."""
MAX_OF_NAMESPACE = 50
"""What one namespace makes and deletes takes no place of another's: where it deletes more, its oldest go."""
MAX_AGE_S = TTL_S[EventType.DEPLOY]
"""When a deletion is as old as this no lookback reaches it, and what bears the name then begins anew."""
Place = tuple[str, str, str]
"""Kind, namespace and name."""


class Predecessors:
    """Keeps the last state of deleted workloads by kind and name, for whoever bears that name next."""

    def __init__(self) -> None:
        self._last: dict[str, dict[Place, tuple[float, WorkloadState]]] = {}
        self._kept = 0

    def keep(self, place: Place, state: WorkloadState, now: float) -> None:
        """Remember one that is gone; not one with a longer template than is kept now, as an older version stored."""
        self.forget(place)
        self._drop_old(now)
        if len(state.revision.template) > MAX_SUMMARY_BYTES:
            return
        self._last.setdefault(place[1], {})[place] = (now, state)
        self._kept += 1
        if len(self._last[place[1]]) > MAX_OF_NAMESPACE:
            self._drop_oldest(place[1])
        if self._kept > MAX_KEPT:
            self._drop_oldest(max(self._last, key=lambda each: len(self._last[each])))

    def of(self, place: Place, now: float) -> WorkloadState | None:
        """Return what ran under a name before; None where nothing did, or too long ago."""
        gone_at, state = self._last.get(place[1], {}).get(place, (0.0, None))
        return state if now - gone_at <= MAX_AGE_S else None

    def forget(self, place: Place) -> None:
        """Forget one: its name is borne again."""
        kept = self._last.get(place[1], {})
        if kept.pop(place, None) is not None:
            self._kept -= 1
        if not kept:
            self._last.pop(place[1], None)

    def _drop_oldest(self, namespace: str) -> None:
        self.forget(next(iter(self._last[namespace])))

    def _drop_old(self, now: float) -> None:
        """Forget those that are too old: of each namespace they come first."""
        for kept in list(self._last.values()):
            while kept and now - next(iter(kept.values()))[0] > MAX_AGE_S:
                self.forget(next(iter(kept)))
