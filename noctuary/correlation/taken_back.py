"""Changes that another one made good: rollouts that were taken back, deletions that were made anew."""

from noctuary.models import details
from noctuary.models.diagnosis import Change, Subject

Thing = tuple[Subject, str, str]


def returned_from(changes: list[Change], change: Change) -> Change | None:
    """Return the rollout that another one took back; None for one that only rolls out again what was taken back."""
    undone = undone_by(changes, change)
    steps, last = 0, undone
    while last is not None:
        steps, last = steps + 1, undone_by(changes, last)
    return undone if steps % 2 else None


def undone_by(changes: list[Change], change: Change) -> Change | None:
    """Return the rollout that another one took back: the same template, or where that is unknown the same image."""
    before = [other for other in changes if is_of_same(other, change) and other.at < change.at]
    return next((other for other in reversed(before) if leads_back(change, other)), None)


def leads_back(change: Change, other: Change) -> bool:
    """Tell whether a rollout leads to what ran before another one."""
    if change.is_posted and other.is_posted:
        return posted_back(change, other)
    pairs = (
        (details.TEMPLATE_HASH, details.PREVIOUS_TEMPLATE_HASH),
        (details.IMAGE, details.PREVIOUS_IMAGE),
    )
    known = [(change.details.get(new, ""), other.details.get(old, "")) for new, old in pairs]
    told = next(((new, old) for new, old in known if new and old), None)
    is_other_image = change.details.get(details.IMAGE) != other.details.get(details.IMAGE)
    return told is not None and told[0] == told[1] and (told == known[0] or is_other_image)


def posted_back(change: Change, other: Change) -> bool:
    """Tell whether a deploy that was posted leads to the version before another one of the same thing."""
    is_same = change.is_posted and other.is_posted and change.entity == other.entity
    return is_same and change.new_value == other.old_value != other.new_value and bool(change.new_value)


def without_remade(changes: list[Change], onset: float) -> list[Change]:
    """Return the changes without the deletions of what was made anew under the same name before the onset."""
    rollouts = [change for change in changes if change.is_rollout and change.at <= onset]
    return [
        change
        for change in changes
        if not is_deletion(change)
        or not any(other.subject == change.subject and other.at >= change.at for other in rollouts)
    ]


def is_deletion(change: Change) -> bool:
    """Tell whether a scaling to nothing was the deletion of the workload."""
    return details.DELETED in change.details and not change.is_posted


def is_of_same(one: Change, other: Change) -> bool:
    """Tell whether two changes are of the same thing."""
    return thing_of(one) == thing_of(other)


def thing_of(change: Change) -> Thing:
    """Return what a change is of; what others tell of one service may be of several things."""
    return change.subject, change.event_type, change.entity
