"""When a rollout was decided, and by whom: a return to an older revision is not older than what it replaces."""

from noctuary.sources.kubernetes.draft import FUTURE_SLACK_S
from noctuary.sources.kubernetes.rollouts.revisions import Revision, Step
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView
from noctuary.sources.kubernetes.rollouts.writes import write_between

CONTROLLER_LAG_S = 1.0
"""A controller makes a revision within the second after the write; times are whole seconds."""


class Clock:
    """What tells the time of a return: `is_live`, when the change was seen as it happened."""

    def __init__(self, now: float, *, is_live: bool) -> None:
        self._now = now
        self._is_live = is_live

    def date(self, view: WorkloadView, step: Step, replaced_at: float, *, is_last: bool) -> float:
        """Return when a step was decided; 0 where nothing shows when a revision was returned to in between."""
        if not step.is_return:
            return step.revision.created_at
        numbered_at = step.revision.numbered_at if step.number == step.revision.number else 0.0
        if not is_last:  # a ReplicaSet was written again when the next one took over
            return 0.0 if step.revision.history else numbered_at
        # Each of these is written again for other reasons, later: the earliest that can be true is the nearest.
        shown = [numbered_at, *(write.at for write in view.template_writes)]
        if not self._is_live:  # as it happens, the condition is still that of the rollout before
            shown.append(view.progressed_at)
        possible = [at for at in shown if replaced_at < at <= self._now + FUTURE_SLACK_S]
        return min(possible, default=max(self._now, replaced_at) if self._is_live else replaced_at)

    def spread_at(self, view: WorkloadView) -> float:
        """Date that more pods than before are going to run a revision: by the partition, else as it is seen."""
        return min(view.partition_write.at or self._now, self._now)

    def scaled_at(self, view: WorkloadView, current: Revision | None, known_at: float) -> float:
        """Date a changed number of replicas: by its write, unless that is the one which was known already.

        What is written through the subresource `scale` bears no time: then the ReplicaSet tells, which followed.
        """
        followed_at = current.numbered_at if current is not None and not self._is_live else 0.0
        shown = (view.replicas_write.at or followed_at, followed_at)
        return next((at for at in shown if at and known_at <= at <= self._now + FUTURE_SLACK_S), self._now)


def actor_of(view: WorkloadView, at: float, replaced_at: float, *, is_last: bool) -> str | None:
    """Return who wrote the template that was rolled out; what only removes fields is written by nobody."""
    close = replaced_at - CONTROLLER_LAG_S if at - replaced_at <= CONTROLLER_LAG_S else replaced_at
    write = write_between(view.template_writes, close, at + CONTROLLER_LAG_S, or_later=is_last)
    return write.manager if write is not None else None
