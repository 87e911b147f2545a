"""Changes that another one made good: rollouts that were taken back, deletions that were made anew."""

from collections import defaultdict

import msgspec

from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, Subject

Place = Subject | tuple[str, str]
Thing = tuple[Place, str]


def find_returns(changes: list[Change]) -> dict[str, Change]:
    """Return by event id of each return the rollout that it took back; `changes` are in order of time.

    What takes back a return only rolls out again what was taken back, and is none.
    """
    returns: dict[str, Change] = {}
    earlier: dict[Place, list[Change]] = defaultdict(list)
    for change in (each for each in changes if each.is_rollout):
        same = earlier[place_of(change)]
        undone = next((other for other in reversed(same) if other.at < change.at and leads_back(change, other)), None)
        if undone is not None and undone.event_id not in returns:
            returns[change.event_id] = undone
        same.append(change)
    return returns


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
    is_back = change.new_value == other.old_value != other.new_value and bool(change.new_value)
    return is_same and is_back and change.confidence >= LOW_CONFIDENCE


def without_remade(changes: list[Change], onset: float) -> list[Change]:
    """Return the changes without the deletions of what was made anew under the same name before the onset."""
    made = {change.subject: change.at for change in changes if change.is_rollout and change.at <= onset}
    return [change for change in changes if not (is_deletion(change) and made.get(change.subject, 0.0) >= change.at)]


def with_deleted(changes: list[Change]) -> list[Change]:
    """Return the changes, with deletions of what ran nothing any more told of the scaling that had stopped it."""
    last: dict[Subject, Change] = {}
    stopped: dict[str, str] = {}
    for change in changes:
        before = last.get(change.subject)
        if is_deletion(change) and before is not None and before.new_value == "0" and not is_deletion(before):
            stopped[before.event_id] = change.event_id
        if change.event_type == EventType.SCALE_EVENT and not change.is_posted:
            last[change.subject] = change
    return [
        _marked(change) if change.event_id in stopped else change
        for change in changes
        if change.event_id not in stopped.values()
    ]


def _marked(change: Change) -> Change:
    return msgspec.structs.replace(change, details=change.details | {details.DELETED_SINCE: "1"})


def is_deletion(change: Change) -> bool:
    """Tell whether a scaling to nothing was the deletion of the workload."""
    return details.DELETED in change.details and not change.is_posted


def is_gone(change: Change) -> bool:
    """Tell whether the workload of a scaling to nothing was deleted, with it or since."""
    return is_deletion(change) or (details.DELETED_SINCE in change.details and not change.is_posted)


def thing_of(change: Change) -> Thing:
    """Return what a change is of; of one place several things are told."""
    return place_of(change), change.event_type


def place_of(change: Change) -> Place:
    """Return the workload of a change; service and entity where others tell of it: they know no workload."""
    return change.subject if change.subject.kind else (change.service, change.entity)
