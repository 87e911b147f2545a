"""From the context of an incident to a diagnosis: gather observations, run the checks, rank what they found."""

import msgspec

from noctuary.analyzers import registry
from noctuary.correlation.change_checks import TAKEN_BACK, under_settings
from noctuary.correlation.checks import CHECKS
from noctuary.correlation.explain import explain
from noctuary.correlation.fault_checks import goes_on, ran_well_s
from noctuary.correlation.observations import Observations, gather_observations
from noctuary.correlation.probability.candidates import Candidate, candidates_of
from noctuary.correlation.probability.model import Weighed, weigh
from noctuary.correlation.rollouts.pods import are_ready
from noctuary.correlation.score import counts_as_likely
from noctuary.correlation.versions import across_versions
from noctuary.models.diagnosis import Cause, Diagnosis, Fault, IncidentContext, Relation, SetAside, Verdict

MAX_CAUSES = 3
"""More than three names are a list to read, not an answer."""
MAX_SET_ASIDE = 5
MAX_BACKGROUND = 3
MAX_PASSES = 5
"""How often faults are explained anew; each has a rollout or two before it, unless somebody rolls out in a loop."""
MAX_WEAK = 12
"""Of what is too weak to be named as a cause, so much is kept."""
LEAST_PROBABILITY = 0.35
"""Nothing less probable is headlined, however low `minimumConfidence` is: it is wrong twice as often as right."""
MENTIONED_PROBABILITY = 0.04
"""What is at least as probable is told behind the first cause."""
SAME_SHARE = 0.6
"""Of two changes, the second is as good as the first when it is at least so many times as probable."""


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
    since = context.onset - context.lookback_s
    findings = _timely(observed)
    weighed = weigh(observed, candidates_of(findings))
    causes, weak = _named(weighed, max(LEAST_PROBABILITY, context.minimum_score))
    named = {cause.change.event_id for cause in causes if cause.change is not None}
    doubted = {each.cause.change.event_id: each.cause for each in weighed.candidates if each.cause.change is not None}
    aside = [f for f in findings if isinstance(f, SetAside) and f.change.event_id not in named]
    own = [service for service in context.services if service.relation is Relation.OWN]
    are_own_read = context.pods is not None and not any(service.closed for service in own)
    return Diagnosis(
        verdict=_verdict(observed, causes),
        onset=context.onset,
        since=since,
        services=[service.name for service in own],
        dependencies=[s.name for s in context.services if s.relation is Relation.DEPENDENCY and not s.closed],
        causes=causes,
        weak=weak[:MAX_WEAK],
        changes_more=sum(cause.change is not None for cause in weak[MAX_WEAK:]),
        set_aside=[_as_doubted(each, doubted) for each in sorted(aside, key=lambda a: -a.change.at)[:MAX_SET_ASIDE]],
        set_aside_more=max(0, len(aside) - MAX_SET_ASIDE),
        events_seen=len(observed.changes) + sum(len(f.event_ids) for f in [*observed.faults, *observed.node_faults]),
        last_event_at=context.last_event_at,
        pods_ready=sum(pod.is_ready for pod in observed.own_pods) if are_own_read else None,
        pods_total=len(observed.own_pods) if are_own_read else None,
        background=observed.background[:MAX_BACKGROUND],
        symptoms=_unexplained(observed, causes)[:MAX_BACKGROUND],
        ran_well_s=ran_well_s(observed, causes[0]) if causes else None,
        is_undecided=_is_undecided(causes),
        none_probability=round(weighed.none, 4),
        unseen_probability=round(weighed.unseen, 4),
        neighbours=[s.name for s in context.services if s.relation is Relation.NEIGHBOUR],
    )


def _unexplained(observed: Observations, causes: list[Cause]) -> list[Fault]:
    """Return the symptoms that no cause explains, the first one first."""
    explained = {event_id for cause in causes for fault in cause.faults for event_id in fault.event_ids}
    felt = (fault for fault in observed.faults if registry.analyzer_of(fault).is_symptom)
    return [fault for fault in felt if explained.isdisjoint(fault.event_ids)]


def candidates_in(observed: Observations) -> list[Candidate]:
    """Return all candidates of what was observed, for those who weigh them by themselves."""
    return candidates_of(_timely(observed))


def _timely(observed: Observations) -> list[Cause | SetAside]:
    """Return what the checks find that happened, or was still seen, within the lookback."""
    since = observed.context.onset - observed.context.lookback_s
    return [finding for finding in _find(observed) if _reaches_into(finding, since)]


def _named(weighed: Weighed, threshold: float) -> tuple[list[Cause], list[Cause]]:
    """Return the causes of the answer, none where not even the first is probable enough, and all that are weaker."""
    probable = [_chance(each.cause) for each in weighed.candidates]
    is_answer = bool(probable) and probable[0] >= threshold
    least = min(threshold, MENTIONED_PROBABILITY) if is_answer else 1.0
    shown = [
        each.cause for each in weighed.candidates if _chance(each.cause) >= (least if each.aside is None else threshold)
    ]
    causes = shown[:MAX_CAUSES] if is_answer else []
    weak = [each.cause for each in weighed.candidates if each.aside is None and each.cause not in causes]
    return causes, weak


def _chance(cause: Cause) -> float:
    return cause.probability or 0.0


def _as_doubted(aside: SetAside, doubted: dict[str, Cause]) -> SetAside:
    """Return what was set aside with the probability that it is the cause all the same."""
    cause = doubted.get(aside.change.event_id)
    return msgspec.structs.replace(aside, probability=_chance(cause)) if cause is not None else aside


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
    return not counts_as_likely(first[0]) and _chance(first[1]) >= SAME_SHARE * _chance(first[0])


def _reaches_into(finding: Cause | SetAside, since: float) -> bool:
    """Tell whether a cause happened, or was still seen, within the lookback."""
    if isinstance(finding, SetAside):
        return finding.change.at >= since
    return finding.at >= since or any(fault.last >= since for fault in finding.faults)


def _verdict(observed: Observations, causes: list[Cause]) -> Verdict:
    if causes:
        return Verdict.CAUSE
    seen = observed.changes or observed.faults or observed.own_pods or observed.context.last_event_at is not None
    return Verdict.NOTHING_RELEVANT if seen else Verdict.NEVER_SEEN
