"""From the context of an incident to a diagnosis: gather observations, run the checks, rank what they found."""

from noctuary.analyzers import registry
from noctuary.correlation.change_checks import TAKEN_BACK, under_settings
from noctuary.correlation.checks import CHECKS
from noctuary.correlation.explain import explain
from noctuary.correlation.fault_checks import SINCE_LATE, goes_on, ran_well_s
from noctuary.correlation.observations import Observations, gather_observations
from noctuary.correlation.rollouts.pods import are_ready
from noctuary.correlation.score import LIKELY_SCORE
from noctuary.correlation.versions import across_versions
from noctuary.models.diagnosis import Cause, Diagnosis, Fault, IncidentContext, Relation, SetAside, Verdict

MAX_CAUSES = 3
"""More than three names are a list to read, not an answer."""
MAX_SET_ASIDE = 5
MAX_BACKGROUND = 3
MAX_PASSES = 5
"""How often faults are explained anew; each has a rollout or two before it, unless somebody rolls out in a loop."""
SAME_WEIGHT = 0.11
"""Scores no further apart than this decide nothing: the distance of a dependency is no more."""


def correlate(context: IncidentContext) -> Diagnosis:
    """Return at most three causes, the changes that are not to blame, or why there is no answer."""
    return observe_and_diagnose(context)[1]


def observe_and_diagnose(context: IncidentContext) -> tuple[Observations, Diagnosis]:
    """Return the observations and their diagnosis; nothing but its argument is touched, so any thread may do it."""
    observed = gather_observations(context)
    return observed, diagnose(observed)


def diagnose(observed: Observations) -> Diagnosis:
    """Return the diagnosis of what was observed, for those who read the observations besides."""
    context = observed.context
    findings = _find(observed)
    own = [service for service in context.services if service.relation is Relation.OWN]
    are_own_read = context.pods is not None and not any(service.closed for service in own)
    since = context.onset - context.lookback_s
    found = [finding for finding in findings if isinstance(finding, Cause) and _reaches_into(finding, since)]
    ranked = sorted(
        found,
        key=lambda each: (_is_late(each), _is_after(each, context.onset), -each.score, -each.unlimited, -each.at),
    )
    causes = [cause for cause in ranked if cause.score >= context.minimum_score][:MAX_CAUSES]
    aside = [f for f in findings if isinstance(f, SetAside) and f.change.at >= since]
    return Diagnosis(
        verdict=_verdict(observed, causes),
        onset=context.onset,
        since=since,
        services=[service.name for service in own],
        dependencies=[s.name for s in context.services if s.relation is Relation.DEPENDENCY and not s.closed],
        causes=causes,
        weak=[cause for cause in ranked if cause.score < context.minimum_score][:MAX_CAUSES],
        set_aside=sorted(aside, key=lambda a: -a.change.at)[:MAX_SET_ASIDE],
        set_aside_more=max(0, len(aside) - MAX_SET_ASIDE),
        events_seen=len(observed.changes) + sum(len(f.event_ids) for f in [*observed.faults, *observed.node_faults]),
        last_event_at=context.last_event_at,
        pods_ready=sum(pod.is_ready for pod in observed.own_pods) if are_own_read else None,
        pods_total=len(observed.own_pods) if are_own_read else None,
        background=observed.background[:MAX_BACKGROUND],
        symptoms=_unexplained(observed, found)[:MAX_BACKGROUND],
        ran_well_s=ran_well_s(observed, causes[0]) if causes else None,
        is_undecided=_is_undecided(causes),
    )


def _unexplained(observed: Observations, causes: list[Cause]) -> list[Fault]:
    """Return the symptoms that no cause explains, the first one first."""
    explained = {event_id for cause in causes for fault in cause.faults for event_id in fault.event_ids}
    felt = (fault for fault in observed.faults if registry.analyzer_of(fault).is_symptom)
    return [fault for fault in felt if explained.isdisjoint(fault.event_ids)]


def _find(observed: Observations) -> list[Cause | SetAside]:
    """Return what all checks find; what a change that is set aside would explain is explained anew without it."""
    aside: dict[str, SetAside] = {}
    for _ in range(MAX_PASSES):
        explanation = under_settings(observed, across_versions(observed, explain(observed, aside)))
        found = [finding for check in CHECKS for finding in check(observed, explanation)]
        explaining = {
            observed.changes[index].event_id
            for index, faults in explanation.by_change.items()
            if any(goes_on(observed, fault) for fault in faults)
        }
        ruled_out = {each.change.event_id: each for each in found if isinstance(each, SetAside)}
        if explaining.isdisjoint(ruled_out):
            break
        explaining |= {observed.changes[index].event_id for index in explanation.fails_before}
        aside |= {event_id: each for event_id, each in ruled_out.items() if event_id in explaining}
    return [*(each for each in found if each.change is None or each.change.event_id not in aside), *aside.values()]


def _is_undecided(causes: list[Cause]) -> bool:
    """Tell whether the first two are changes of about the same weight, of which neither has a fault of its own.

    What was taken back before the alert weighs less than what holds, and both need not be tried.
    """
    first = causes[:2]
    if len(first) < 2 or any(cause.change is None or (cause.faults and not are_ready(cause)) for cause in first):
        return False
    if any(cause.why.startswith(TAKEN_BACK) for cause in first):
        return False
    return first[0].score < LIKELY_SCORE and first[0].score - first[1].score <= SAME_WEIGHT


def _is_late(cause: Cause) -> bool:
    """Tell whether a rollout after the onset brought it about."""
    return cause.why.startswith(SINCE_LATE)


def _is_after(cause: Cause, onset: float) -> bool:
    """Tell whether nothing but the slack of the clocks puts a change before the onset, and nothing fails since."""
    is_felt = bool(cause.faults) or cause.score >= LIKELY_SCORE
    return cause.change is not None and cause.change.at > onset and not is_felt


def _reaches_into(cause: Cause, since: float) -> bool:
    """Tell whether a cause happened, or was still seen, within the lookback."""
    return cause.at >= since or any(fault.last >= since for fault in cause.faults)


def _verdict(observed: Observations, causes: list[Cause]) -> Verdict:
    if causes:
        return Verdict.CAUSE
    seen = observed.changes or observed.faults or observed.own_pods or observed.context.last_event_at is not None
    return Verdict.NOTHING_RELEVANT if seen else Verdict.NEVER_SEEN
