"""Rollouts and scalings: what differs between a workload as it is and as it was last known, as events."""

from collections.abc import Iterable

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.rollouts.dating import Clock, actor_of
from noctuary.sources.kubernetes.rollouts.revisions import Revision, Step, steps_to
from noctuary.sources.kubernetes.rollouts.staging import Reach
from noctuary.sources.kubernetes.rollouts.told import Rollout, scaling
from noctuary.sources.kubernetes.rollouts.workloads import WorkloadView

ONE_ROLLOUT_S = 900.0
"""Who replaces pods by hand waits for each to be ready; after a longer pause it is another rollout."""
STOPPED_S = 3600.0
"""As long as a lookback is unless told otherwise. The deletion of what was scaled to nothing earlier ended nothing, and
would be blamed for whatever fails just then."""
WITHDRAWN = "no pod had run the other template"


class WorkloadState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of a workload between two comparisons, and stored between two runs."""

    revision: Revision
    rolled_out_at: float
    replicas: int | None = None
    replicas_at: float = 0.0
    """When the number of replicas was last written, as far as known."""
    staged: int | None = None
    """So many pods only are going to run the revision; None: all are."""
    spread_at: float = 0.0
    """When pods were last seen to be deleted for the revision, where that is what replaces them; 0: none were."""
    spread_from: int = 0
    """How many pods ran it before those that were deleted one soon after the other."""
    stopped_at: float = 0.0
    """When it was scaled to nothing, and was not scaled since; 0: it was not, or that is not known."""
    stopped_from: int = 0
    """How many replicas it had then."""

    def replicas_until(self, at: float) -> int:
        """Return how many replicas it had, also where it was scaled to nothing within the hour before."""
        if self.replicas == 0 and at - self.stopped_at <= STOPPED_S:
            return self.stopped_from
        return self.replicas or 0


class Difference(msgspec.Struct, frozen=True):
    """What happened since a workload was last compared, and what to remember now."""

    events: list[ContextEvent]
    state: WorkloadState


def baseline(view: WorkloadView, revisions: Iterable[Revision], clock: Clock) -> WorkloadState | None:
    """Return what to remember of a workload that is seen at the very first start: nothing has happened yet."""
    found = difference(view, revisions, None, clock)
    return found.state if found is not None else None


def difference(
    view: WorkloadView,
    revisions: Iterable[Revision],
    known: WorkloadState | None,
    clock: Clock,
    predecessor: WorkloadState | None = None,
) -> Difference | None:
    """Compare a workload with what is known of it; None while it is not clear yet what it wants.

    A workload that nothing is known of is new, or made anew after a `predecessor` of its name was deleted. Several
    rollouts since then are several events.
    """
    revisions = list(revisions)
    current = view.wanted.find(revisions)
    if current is None:
        return _scaled(view, None, known, clock) if known is not None else None
    steps, last = _since(known.revision if known else None, current, revisions), known or predecessor
    told = tell(view, steps, last.revision if last else None, last.rolled_out_at if last else 0.0, clock)
    if known is None and predecessor is not None and told:
        told[0] = msgspec.structs.replace(told[0], is_anew=True)
    if known is not None and known.staged == 0 and told and view.reach is None:
        told[-1] = msgspec.structs.replace(told[-1], reach=Reach(0, view.replicas or 0, WITHDRAWN))
    is_staged = told[-1].before is not None if told else known is not None and known.staged is not None
    staged = view.reach.pods if view.reach is not None and is_staged else None
    spread = [] if told else _spread(view, current, revisions, known, staged, clock)
    events = [each.event() for each in told or spread]
    at = told[-1].at if told else known.rolled_out_at if known else current.created_at
    state = WorkloadState(_kept(current), at, view.replicas, view.replicas_write.at, staged)
    if view.deleted is not None:
        state = _deleted(state, known, told or spread)
    if known is None:
        return Difference(events, state)
    scaled = _scaled(view, current, known, clock)
    numbers = {name: getattr(scaled.state, name) for name in ("replicas_at", "stopped_at", "stopped_from")}
    return Difference([*events, *scaled.events], msgspec.structs.replace(state, **numbers))


def _spread(
    view: WorkloadView,
    current: Revision,
    revisions: list[Revision],
    known: WorkloadState | None,
    staged: int | None,
    clock: Clock,
) -> list[Rollout]:
    """Tell that a template which was known already reaches more pods than before."""
    if known is None or known.staged is None or (staged is not None and staged <= known.staged):
        return []
    told = tell(view, _since(None, current, revisions), None, 0.0, clock)[-1]
    at = clock.spread_at(view)
    spread = msgspec.structs.replace(told, at=at, actor=view.partition_write.manager or None)
    if view.deleted is None:
        return [spread]
    is_same = at - known.spread_at <= ONE_ROLLOUT_S
    begun = known.spread_from if is_same else known.staged
    return [msgspec.structs.replace(spread, reach=view.deleted, spread_from=begun)]


def _deleted(state: WorkloadState, known: WorkloadState | None, told: list[Rollout]) -> WorkloadState:
    """Remember when pods were last deleted, so that those of one rollout are told as one."""
    if told:
        at = told[-1].at if told[-1].reach is not None and told[-1].reach.pods else 0.0
        return msgspec.structs.replace(state, spread_at=at, spread_from=told[-1].spread_from)
    if known is None:
        return state
    return msgspec.structs.replace(state, spread_at=known.spread_at, spread_from=known.spread_from)


def tell(
    view: WorkloadView, steps: list[Step], before: Revision | None, before_at: float, clock: Clock
) -> list[Rollout]:
    """Return the rollouts of a workload, oldest first; those that nothing dates are only known as what was before."""
    found: list[Rollout] = []
    for step in steps:
        replaced_at = max(before_at, before.created_at if before is not None else 0.0)
        is_last = step is steps[-1]
        at = clock.date(view, step, replaced_at, is_last=is_last)
        if at:
            actor = actor_of(view, at, replaced_at, is_last=is_last)
            reach = view.reach if is_last and before is not None else None
            found.append(Rollout(view, step, at, before, before_at, actor, reach))
        before, before_at = _numbered(step), at
    return found


def _numbered(step: Step) -> Revision:
    """Return the revision with the number that a step gave it."""
    return msgspec.structs.replace(step.revision, number=step.number)


def _kept(revision: Revision) -> Revision:
    """Return a revision without what its controller writes anew with each scaling."""
    return msgspec.structs.replace(revision, numbered_at=0.0)


def _since(known: Revision | None, current: Revision, revisions: list[Revision]) -> list[Step]:
    """Return the rollouts after the known revision, oldest first; that of the current one last."""
    steps = steps_to(current, revisions)
    if known is None:
        return _changing(None, steps)
    if not known.template_hash or (known.number == 0 < current.number):  # as older versions kept it: without an order
        return [] if known.is_same_as(current) else steps[-1:]
    exact = [i for i, step in enumerate(steps) if step.number == known.number and known.is_same_as(step.revision)]
    if exact:
        return _changing(known, steps[exact[-1] + 1 :])
    return _changing(known, [step for step in steps if step.place > known.order])


def _changing(before: Revision | None, steps: list[Step]) -> list[Step]:
    """Leave out what only repeats the template before it."""
    found: list[Step] = []
    for step in steps:
        if before is None or not step.revision.is_same_as(before):
            found.append(step)
            before = step.revision
    return found


def _scaled(view: WorkloadView, current: Revision | None, known: WorkloadState, clock: Clock) -> Difference:
    """Compare the number of replicas, which needs no revision."""
    at = clock.scaled_at(view, current, known.replicas_at)
    if known.replicas == view.replicas:
        written_at = max(known.replicas_at, view.replicas_write.at)
        return Difference([], msgspec.structs.replace(known, replicas_at=written_at))
    stopped_at, stopped_from = (at, known.replicas or 0) if view.replicas == 0 else (0.0, 0)
    state = msgspec.structs.replace(
        known, replicas=view.replicas, replicas_at=at, stopped_at=stopped_at, stopped_from=stopped_from
    )
    return Difference([scaling(view, known.replicas, at)], state)


def recent_rollouts(view: WorkloadView, revisions: list[Revision], since: float, clock: Clock) -> list[ContextEvent]:
    """Return the rollouts of a workload since a time, as its revisions show them now."""
    current = view.wanted.find(revisions)
    if current is None:
        return []
    told = tell(view, _since(None, current, revisions), None, 0.0, clock)
    return [each.event() for each in told if each.at >= since]
