"""What is around a candidate: the moments at which trouble began, and how many changes are as young."""

from bisect import bisect_right
from collections import defaultdict

import msgspec

from noctuary.analyzers import registry
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations
from noctuary.correlation.probability.candidates import Candidate
from noctuary.correlation.scalings import reversals, taken_away_at
from noctuary.correlation.score import SYMPTOMS
from noctuary.correlation.taken_back import place_of
from noctuary.models.diagnosis import Cause, CauseKind, Change, Relation

NEAR_S = 600.0
"""What began this long before the onset, or later, tells when the trouble began."""
LEAST_AGE_S = 15.0
"""Scrapes and reports are so far apart: who is nearer to the trouble cannot be told below it."""
ALERT_AGE_S = 60.0
"""An alert comes so long after the trouble at least: who is nearer to it than that is not nearer to the trouble."""
SCRAPE_S = 60.0
"""A graph shows a trouble so long after it began at most: most scrapes are half of that apart."""
AS_YOUNG = 2.0
"""A change is a rival of all that are up to so many times as old."""


class Surroundings(msgspec.Struct, frozen=True):
    """What features read besides a candidate itself."""

    observed: Observations
    moments: dict[str, list[float]]
    """By service when another system, or a graph, saw trouble of it begin, shortly before the onset."""
    ages: list[float]
    """Of what holds and only its time speaks for, in order, in seconds before the trouble; of each workload once."""
    near_ages: list[float]
    """The same without what is of neighbours: the alert names another workload, so theirs are no rivals of its own."""
    left_at: dict[str, float]
    """By event id when what was taken back before the onset was: until then it may have been felt."""
    undone_since: frozenset[str]
    """The event ids of rollouts that were taken back after the onset."""
    felt: dict[str, float]
    """By service when metrics last saw a trouble of it begin that still goes on: what came later began none of it."""
    failing: frozenset[str]
    """The services of which a fault goes on."""
    explained: frozenset[str]
    """The services of which something else tells what is wrong: a fault by itself, or a change with what it broke."""


def surroundings_of(observed: Observations, candidates: list[Candidate]) -> Surroundings:
    """Gather once what the features of all candidates are held against."""
    onset = observed.context.onset
    moments: dict[str, list[float]] = defaultdict(list)
    for cause in (candidate.cause for candidate in candidates):
        is_dated = cause.kind is CauseKind.FAULT and cause.faults[0].is_posted
        if is_dated and onset - NEAR_S <= cause.at <= onset:
            moments[cause.faults[0].service].append(cause.at)
    everywhere = [service.name for service in observed.context.services]  # what it calls may be why it suffers
    for fault in observed.faults:
        if registry.analyzer_of(fault).is_symptom and onset - NEAR_S <= fault.first <= onset:
            for service in everywhere if fault.relation is Relation.OWN else [fault.service]:
                moments[service].append(fault.first)
    felt: dict[str, float] = {}
    for fault in observed.faults:
        if registry.analyzer_of(fault).is_symptom and fault.last >= onset:
            felt[fault.service] = max(fault.first, felt.get(fault.service, fault.first))
    late = {change.event_id for change in observed.changes if change.is_rollout and change.at > onset}
    undone = frozenset(before.event_id for after, before in observed.returns.items() if after in late)
    failing = frozenset(
        fault.service for fault in observed.faults if not fault.is_over and registry.analyzer_of(fault).stops_pods
    )
    explained = frozenset(_service(each.cause) for each in candidates if _is_told(each.cause))
    around = Surroundings(observed, dict(moments), [], [], _left_at(observed), undone, felt, failing, explained)
    around.ages.extend(sorted(_rivals(around, candidates).values()))
    near = [each for each in candidates if each.cause.change is None or not is_neighbours(each.cause)]
    around.near_ages.extend(sorted(_rivals(around, near).values()))
    return around


def _is_told(cause: Cause) -> bool:
    """Tell whether a candidate may be called likely for what was seen of it, and not for its time only."""
    return cause.limit >= 1.0 and (cause.change is None or is_supported(cause))


def _service(cause: Cause) -> str:
    return cause.change.service if cause.change is not None else cause.faults[0].service


def _rivals(around: Surroundings, candidates: list[Candidate]) -> dict[object, float]:
    """Return by workload the age of its youngest change that holds and that only its time speaks for."""
    youngest: dict[object, float] = {}
    onset = around.observed.context.onset
    for candidate in candidates:
        cause, change = candidate.cause, candidate.cause.change
        is_bare = candidate.aside is None and not is_supported(cause)
        if change is not None and is_bare and change.at <= onset and change.event_id not in around.left_at:
            place, age = place_of(change), age_s(around, cause)
            youngest[place] = min(age, youngest.get(place, age))
    return youngest


def _left_at(observed: Observations) -> dict[str, float]:
    """Return when what did not last until the onset was taken back, or taken away."""
    onset, changes = observed.context.onset, observed.changes
    at = {change.event_id: change.at for change in changes}
    left = {before.event_id: at[after] for after, before in observed.returns.items() if at[after] <= onset}
    left |= {
        changes[index].event_id: changes[other].at
        for index, other in reversals(changes, onset).items()
        if changes[other].at > changes[index].at
    }
    away = {change.event_id: taken_away_at(observed, change) for change in changes if change.is_rollout}
    return left | {event_id: moment for event_id, moment in away.items() if moment is not None}


def is_supported(cause: Cause) -> bool:
    """Tell whether anything but its time speaks for a cause: faults that follow from it."""
    return any(term.name == SYMPTOMS and term.value > 0 for term in cause.terms)


def age_s(around: Surroundings, cause: Cause) -> float:
    """Return how long before the trouble a change was, or was taken back.

    The trouble is what follows from it, else what another system saw of its service. Where nothing is dated it began
    with the alert, which comes later than it.
    """
    context, change = around.observed.context, _change(cause)
    at = around.left_at.get(change.event_id, change.at)
    dated = [fault.first for fault in cause.faults] if is_supported(cause) else around.moments.get(change.service, [])
    ages = [moment - at for moment in dated if moment >= at - CLOCK_SLACK_S]
    least_s = LEAST_AGE_S if context.is_onset_dated else ALERT_AGE_S
    return max(LEAST_AGE_S, min([*ages, max(least_s, context.onset - at)]))


def came_after(around: Surroundings, cause: Cause) -> bool:
    """Tell whether metrics show that all trouble of a service had begun before a change of it."""
    change = cause.change
    if change is None or is_supported(cause) or change.service not in around.felt:
        return False
    return around.felt[change.service] < change.at - SCRAPE_S


def left_s(around: Surroundings, cause: Cause) -> float:
    """Return how long before the onset a change was taken back; 0 where it holds, or is felt all the same."""
    change = cause.change
    at = around.left_at.get(change.event_id) if change is not None and not is_supported(cause) else None
    return around.observed.context.onset - at if at is not None else 0.0


def as_young(around: Surroundings, cause: Cause) -> int:
    """Return how many changes that only their time speaks for are about as young, or younger, itself counted."""
    ages = around.ages if is_neighbours(cause) else around.near_ages
    return max(1, bisect_right(ages, AS_YOUNG * age_s(around, cause)))


def is_neighbours(cause: Cause) -> bool:
    """Tell whether a cause is of another workload of the PagerDuty service than the alerts name."""
    lead = cause.change if cause.change is not None else cause.faults[0]
    return lead.relation is Relation.NEIGHBOUR


def _change(cause: Cause) -> Change:
    if cause.change is None:
        raise ValueError("only a change has an age")
    return cause.change
