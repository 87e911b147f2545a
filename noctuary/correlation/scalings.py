"""What a change of the number of replicas was: up, down, an autoscaler's, taken back."""

from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change

AUTOSCALERS = ("autoscal", "keda")
"""Parts of the names under which autoscalers write: what they set, they set again."""


def is_up(change: Change) -> bool:
    """Tell whether replicas were added."""
    old, new = _replicas(change)
    return old is not None and new is not None and new > old


def is_down(change: Change) -> bool:
    """Tell whether replicas were taken away."""
    old, new = _replicas(change)
    return old is not None and new is not None and new < old


def is_by_autoscaler(change: Change) -> bool:
    """Tell whether an autoscaler did it, as the load told it to."""
    if change.details.get(details.BY_AUTOSCALER) == "1":
        return True
    named = f"{change.actor or ''} {change.vendor}".lower()
    return change.event_type == EventType.SCALE_EVENT and any(name in named for name in AUTOSCALERS)


def reversals(changes: list[Change], until: float) -> dict[int, int]:
    """Return by index which later change took back which earlier one until then, and the other way round.

    Each takes back the last one that still holds: of on, off and on again the last one holds.
    """
    pairs: dict[int, int] = {}
    holding: list[int] = []
    for index, change in enumerate(changes):
        if change.is_rollout or change.at > until:
            continue
        same = [other for other in holding if is_of_same(change, changes[other])]
        if same and _takes_back(change, changes[same[-1]]):
            holding.remove(same[-1])
            pairs |= {same[-1]: index, index: same[-1]}
        else:
            holding.append(index)
    return pairs


def is_of_same(one: Change, other: Change) -> bool:
    """Tell whether two changes are of the same thing; what others tell of one service may be of several things."""
    return (one.subject, one.event_type, one.entity) == (other.subject, other.event_type, other.entity)


def _takes_back(later: Change, earlier: Change) -> bool:
    if earlier.old_value is None:
        return False
    if later.event_type == EventType.SCALE_EVENT:
        (old, new), (_, restored) = _replicas(earlier), _replicas(later)
        return None not in (old, new, restored) and (
            is_down(earlier) and is_up(later) and (restored or 0) >= (old or 0)
        )
    return later.new_value == earlier.old_value


def _replicas(change: Change) -> tuple[int | None, int | None]:
    if change.event_type != EventType.SCALE_EVENT:
        return None, None
    values = (change.old_value or "", change.new_value or "")
    old, new = (int(value) if value.isascii() and value.isdigit() and len(value) < 8 else None for value in values)
    return old, new
