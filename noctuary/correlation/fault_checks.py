"""Faults that no change explains, and nodes in trouble."""

from collections.abc import Iterator

from noctuary.analyzers import registry
from noctuary.common.text import duration, plural
from noctuary.correlation.effects.rollouts import rollout_explains
from noctuary.correlation.effects.workloads import SOON_S, is_mild, is_restart, same_workload, shows_no_trouble
from noctuary.correlation.explain import Explanation
from noctuary.correlation.lasting import BACKGROUND_S, CLOCK_SLACK_S, ended_at
from noctuary.correlation.observations import Observations, changes_near, is_late
from noctuary.correlation.rollouts.pods import look_at_configuration
from noctuary.correlation.score import (
    ACTIVE_S,
    DOUBTFUL_LIMIT,
    LATE_LIMIT,
    POSSIBLE_LIMIT,
    active_term,
    distance_term,
    doubted,
    prior_term,
    symptom_term,
    time_term,
)
from noctuary.correlation.versions import breaks_old_pods
from noctuary.models import details
from noctuary.models.diagnosis import JOB_KINDS, Cause, CauseKind, Fault, PodView, Relation, Term

SINCE = "since "
"""A fault's why that begins with it stands behind its sentence in the first line."""
SINCE_RESTART = f"{SINCE}its restart; "
SINCE_LATE = f"{SINCE}a rollout that came "


def bad_node(observed: Observations, explanation: Explanation) -> Iterator[Cause]:
    """A node in trouble is to blame for the pods that fail on it, or may be when some of ours run there.

    One that was well again before the onset is possible at most; long before it, none while nothing of it goes on.
    """
    for index, bad in enumerate(observed.node_faults):
        symptoms = explanation.by_node.get(index, [])
        if _ended_long_before(observed, bad, symptoms):
            continue
        here = [pod for pod in observed.own_pods if pod.node == bad.subject.name]
        unready = [pod for pod in observed.own_pods if not pod.is_ready]
        is_harmless = registry.analyzer_of(bad).is_harmless  # a cordon stops no pod that runs
        is_here = bool(unready) and all(pod.node == bad.subject.name for pod in unready)
        is_felt = bool(symptoms) or (is_here and not is_harmless)
        if not is_felt and (_is_old(observed, bad) or is_harmless or not here):
            continue
        share = len(here) / len(observed.own_pods) if observed.own_pods else 1.0
        terms = [
            prior_term("a node in trouble", registry.NODE.prior),
            time_term(max(0.0, observed.context.onset - bad.last), observed.context.lookback_s),
            distance_term(Relation.NODE, 1.0 if is_felt else share),
            symptom_term(agrees=is_felt),
        ]
        limit = POSSIBLE_LIMIT if bad.is_over and bad.last < observed.context.onset else 1.0
        limit = LATE_LIMIT if is_late(bad, observed.context) else limit
        yield Cause(
            CauseKind.NODE, _felt_by(bad, symptoms, here, observed), terms, faults=[bad, *symptoms], limit=limit
        )


def _ended_long_before(observed: Observations, bad: Fault, symptoms: list[Fault]) -> bool:
    """Tell whether a node's trouble, and what pods suffered of it, was over minutes before the onset."""
    is_open_ended = details.GONE in bad.details and not ended_at(bad)
    if not bad.is_over or is_open_ended or any(goes_on(observed, fault) for fault in symptoms):
        return False
    return max(fault.last for fault in (bad, *symptoms)) < observed.context.onset - ACTIVE_S


def _felt_by(bad: Fault, symptoms: list[Fault], here: list[PodView], observed: Observations) -> str:
    if symptoms and not here:
        return "its pods were on it" if bad.is_over else "its pods find no other node"
    return _share_on_node(here, observed.own_pods)


def specific_fault(observed: Observations, explanation: Explanation) -> Iterator[Cause]:
    """A fault without a change before it that tells by itself what is wrong."""
    return _standing_alone(observed, explanation, is_specific=True)


def reported_fault(observed: Observations, explanation: Explanation) -> Iterator[Cause]:
    """A fault that was reported and that tells less: evictions, failing probes, what other systems post."""
    return _standing_alone(observed, explanation, is_specific=False)


def ran_well_s(observed: Observations, cause: Cause) -> float | None:
    """Return how long the version of a fault that stands alone had run well before it; None where not known."""
    if cause.kind is not CauseKind.FAULT or not cause.faults:
        return None
    fault = cause.faults[0]
    begun = [
        c.at
        for _, c in changes_near(observed, fault)
        if c.is_rollout and same_workload(c, fault) and c.at < fault.first
    ]
    well_s = fault.first - max(begun or _began_to_run(observed, fault), default=fault.first)
    return well_s if well_s > SOON_S else None


def _began_to_run(observed: Observations, fault: Fault) -> list[float]:
    """Return since when pods of a fault's version ran: those that were ready before it, else those that fail."""
    pods = [pod for pod in observed.pods if pod.created_at and pod.template_hash == fault.template_hash != ""]
    steady = [pod.ready_changed_at for pod in pods if pod.is_ready and 0 < pod.ready_changed_at < fault.first]
    return [min(steady)] if steady else [pod.created_at for pod in pods]


def _standing_alone(observed: Observations, explanation: Explanation, *, is_specific: bool) -> Iterator[Cause]:
    for analyzer in registry.ANALYZERS:
        if analyzer.is_specific is is_specific and not analyzer.is_symptom:
            for group in explanation.alone:
                if registry.analyzer_of(group[0]) is analyzer:
                    yield _alone(observed, group, explanation)


def _alone(observed: Observations, group: list[Fault], explanation: Explanation) -> Cause:
    lead, *followers = group
    is_felt = bool(followers) or not explanation.felt.isdisjoint(lead.event_ids)
    is_contested = not followers and not explanation.contested.isdisjoint(lead.event_ids)
    late = _rolled_out_late(observed, lead)
    limit = min(_limit(observed, lead, late, is_felt=is_felt), POSSIBLE_LIMIT if is_contested else 1.0)
    terms = _terms(observed, lead, agrees=is_felt)
    why = _restarted_before(observed, lead) or late or _since_rollout(observed, lead) or registry.analyzer_of(lead).why
    return Cause(CauseKind.FAULT, why, terms, faults=group, limit=limit)


def _terms(observed: Observations, fault: Fault, *, agrees: bool) -> list[Term]:
    gap_s = max(0.0, observed.context.onset - fault.last)
    terms = [
        prior_term(f"a fault of this kind: {fault.kind}", registry.analyzer_of(fault).prior),
        time_term(gap_s, observed.context.lookback_s),
        distance_term(fault.relation),
        active_term(active=gap_s <= ACTIVE_S),
        symptom_term(agrees=agrees),
    ]
    return doubted(terms, fault.confidence)


def _limit(observed: Observations, fault: Fault, late: str, *, is_felt: bool) -> float:
    if (shows_no_trouble(observed, fault) and not _slows(observed, fault)) or _is_beside(observed, fault):
        return DOUBTFUL_LIMIT
    if late or is_late(fault, observed.context):
        return LATE_LIMIT
    return POSSIBLE_LIMIT if _is_at_most_possible(observed, fault, is_felt=is_felt) else 1.0


def _slows(observed: Observations, fault: Fault) -> bool:
    """Tell whether ready pods may suffer from a fault, and metrics of their service show that they do."""
    felt = (other for other in observed.faults_at.get(fault.service, ()) if registry.analyzer_of(other).is_symptom)
    return registry.analyzer_of(fault).slows_pods and any(felt)


def _is_beside(observed: Observations, fault: Fault) -> bool:
    """Tell whether a job failed beside what serves and is well: jobs fail for days, and nobody calls them."""
    is_serving = any(pod.is_ready and pod.workload_kind not in JOB_KINDS for pod in observed.own_pods)
    return fault.subject.kind in JOB_KINDS and is_serving


def _is_at_most_possible(observed: Observations, fault: Fault, *, is_felt: bool) -> bool:
    """Tell whether a fault is only a symptom, is over, or goes on since long before the onset."""
    is_symptom = not registry.analyzer_of(fault).tells_cause and not is_felt
    is_past = fault.is_over and fault.last < observed.context.onset - ACTIVE_S
    return is_symptom or is_past or _is_old(observed, fault)


def goes_on(observed: Observations, fault: Fault) -> bool:
    """Tell whether a fault was there at the onset, or came later, and was not seen to end."""
    return not fault.is_over and fault.last >= observed.context.onset - ACTIVE_S


def _is_old(observed: Observations, fault: Fault) -> bool:
    return fault.first < observed.context.onset - max(BACKGROUND_S, observed.context.lookback_s)


def _restarted_before(observed: Observations, fault: Fault) -> str:
    """Say that a restart made it felt: nothing else of its pods is new than what they read."""
    restarts = [
        change
        for _, change in changes_near(observed, fault)
        if change.is_rollout and is_restart(change) and same_workload(change, fault)
        if 0 <= fault.first - change.at + 1 <= SOON_S
    ]
    if not restarts:
        return ""
    return f"{SINCE_RESTART}{look_at_configuration(restarts[-1])}"


def _rolled_out_late(observed: Observations, fault: Fault) -> str:
    """Say that a rollout after the onset brought it about: it hurts, and is no reason of the alert."""
    onset = observed.context.onset
    near = [change for _, change in changes_near(observed, fault) if change.at > onset + CLOCK_SLACK_S]
    late = [change.at for change in near if rollout_explains(observed, change, fault)]
    return f"{SINCE_LATE}{duration(max(late) - onset)} after the alert" if late else ""


def _since_rollout(observed: Observations, fault: Fault) -> str:
    """Say that pods fail since the rollout of another version, and whether its undo helped; its own pods do not."""
    broken = [change for _, change in changes_near(observed, fault) if breaks_old_pods(observed, change, fault)]
    if not broken:
        return ""
    others = [f for f in observed.faults_at[fault.subject] if f.template_hash != fault.template_hash]
    if any(not (is_mild(other) or other.is_over) for other in others):
        return ""
    change = broken[-1]
    undone = [c.at for _, c in changes_near(observed, fault) if observed.returns.get(c.event_id) is change]
    late_s = fault.first - change.at
    since = f"{SINCE}{duration(late_s)} after a rollout" if late_s >= 1 else f"{SINCE}a rollout"
    if any(change.at < at < fault.last for at in undone):
        return f"{since}, and after its undo too"
    return f"{since}; only old pods fail"


def _share_on_node(here: list[PodView], own_pods: list[PodView]) -> str:
    if not own_pods:
        return "our pods ran on it"
    unready = sum(not pod.is_ready for pod in here)
    felt = f" ({unready} not ready)" if unready else ""
    names = {pod.workload for pod in own_pods}
    whose = f" of {names.pop()}" if len(names) == 1 else ""
    verb = "is" if 1 in (len(here), len(own_pods)) else "are"
    return f"{len(here)} of {plural(len(own_pods), 'pod')}{whose} {verb} on it{felt}"
