"""Which rollouts came after one: in its place, to mend it in vain, or leaving running what it brought."""

from collections.abc import Iterator

from noctuary.correlation.effects.workloads import is_restart
from noctuary.correlation.explain import Explanation
from noctuary.correlation.observations import Observations, changes_beside
from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.models import details
from noctuary.models.diagnosis import Change


def row_of(observed: Observations, explanation: Explanation, change: Change) -> list[Change]:
    """Return the rollouts after this one that were to mend it and fail as well."""
    first_of = explanation.first_of_row
    return [
        observed.changes[index]
        for index, first in first_of.items()
        if observed.changes[first].event_id == change.event_id
    ]


def later_rollouts(observed: Observations, change: Change) -> Iterator[tuple[int, Change]]:
    """Yield the rollouts of the same workload that put something else in this one's place before the onset."""
    return (
        (index, other)
        for index, other in changes_beside(observed, change)
        if other.is_rollout and change.at < other.at <= observed.context.onset
        if not keeps(other, change) and other.confidence >= LOW_CONFIDENCE
    )


def keeps(other: Change, change: Change) -> bool:
    """Tell whether a later rollout left running what this one brought: a restart, more pods of it, another setting."""
    template_hash, image = (change.details.get(name, "") for name in (details.TEMPLATE_HASH, details.IMAGE))
    if is_restart(other) or (template_hash and template_hash == other.details.get(details.TEMPLATE_HASH)):
        return True
    is_new = image not in ("", change.details.get(details.PREVIOUS_IMAGE, ""))
    return is_new and image == other.details.get(details.IMAGE) == other.details.get(details.PREVIOUS_IMAGE)
