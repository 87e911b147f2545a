"""What ran under a name until it was deleted: what is made anew under that name is no first rollout."""

from noctuary.sources.kubernetes.rollouts.differences import WorkloadState

MAX_KEPT = 1000
"""The last ones: who makes and deletes more than this between two rollouts of one name has names that never return."""
Place = tuple[str, str, str]
"""Kind, namespace and name."""


class Predecessors:
    """Keeps the last state of deleted workloads by kind and name, for whoever bears that name next."""

    def __init__(self) -> None:
        self._last: dict[Place, WorkloadState] = {}

    def keep(self, place: Place, state: WorkloadState) -> None:
        """Remember one that is gone."""
        self._last.pop(place, None)
        self._last[place] = state
        if len(self._last) > MAX_KEPT:
            del self._last[next(iter(self._last))]

    def of(self, place: Place) -> WorkloadState | None:
        """Return what ran under a name before; None where nothing did."""
        return self._last.get(place)

    def forget(self, place: Place) -> None:
        """Forget one: its name is borne again."""
        self._last.pop(place, None)
