"""Deletions of workloads: one that was made anew at once is told by the rollout that made it so."""

from noctuary.models import details
from noctuary.models.diagnosis import Change


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
