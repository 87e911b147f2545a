"""What a change of the number of replicas was: up, down, an autoscaler's, taken back."""

from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change


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
    return change.details.get(details.BY_AUTOSCALER) == "1"


def reversal_of(change: Change, changes: list[Change], until: float) -> Change | None:
    """Return the later change that took this one back, before `until`."""
    later = (other for other in changes if change.at < other.at <= until and _takes_back(other, change))
    return next(later, None)


def reversed_by(change: Change, changes: list[Change]) -> Change | None:
    """Return the earlier change that this one took back."""
    earlier = [other for other in changes if other.at < change.at and _takes_back(change, other)]
    return earlier[-1] if earlier else None


def _takes_back(later: Change, earlier: Change) -> bool:
    of_same = (later.subject, later.event_type, later.entity) == (earlier.subject, earlier.event_type, earlier.entity)
    if not of_same or later.is_rollout or earlier.old_value is None:
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
