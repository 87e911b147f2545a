"""From the Services that a route leads to, to the pods behind them."""

from noctuary.models.reaching.reach import MAX_NAMED, Reach
from noctuary.sources.kubernetes.changes.states import ObjectStates, Place


def with_backends(states: ObjectStates, place: Place, reach: Reach) -> Reach:
    """Return a reach with the selectors of its Services, as far as these are known."""
    known = (states.of("services", (place[0], name)) for name in reach.services[:MAX_NAMED])
    found = [selector for state in known if state is not None for selector in state.reach.selectors]
    return reach.with_other(Reach(selectors=found))
