"""The checks: one small pure function per cause, each with one plain sentence of why."""

from collections.abc import Callable, Iterable, Iterator

from noctuary.analyzers import registry
from noctuary.common.text import duration, plural
from noctuary.correlation.explain import CLOCK_SLACK_S, Explanation, same_workload
from noctuary.correlation.observations import Observations
from noctuary.correlation.score import (
    ACTIVE_S,
    CHANGE_PRIOR,
    ROLLOUT_PRIOR,
    active_term,
    distance_term,
    symptom_term,
    time_term,
)
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Fault, PodView, Relation, SetAside, Term

DRAIN_S = 60.0
"""Pods of a replaced rollout may fail until they are gone."""
Finding = Cause | SetAside
Check = Callable[[Observations, Explanation], Iterable[Finding]]


def bad_rollout(observed: Observations, explanation: Explanation) -> Iterator[Finding]:
    """A rollout before the onset is to blame when its own pods fail; a healthy or later one is not."""
    for index, change in enumerate(observed.changes):
        if not change.is_rollout:
            continue
        symptoms = explanation.by_change.get(index, [])
        reason = _not_to_blame(observed, change, symptoms)
        if reason:
            yield SetAside(change, reason)
        else:
            why = (
                "its own pods fail since"
                if symptoms
                else "it is the change before the alert; how its pods fare is not known"
            )
            yield Cause(
                CauseKind.ROLLOUT, why, _change_terms(observed, change, ROLLOUT_PRIOR, symptoms), change, symptoms
            )


def other_change(observed: Observations, _explanation: Explanation) -> Iterator[Finding]:
    """A configuration, flag, scale or schema change before the onset may be to blame."""
    for change in observed.changes:
        if change.is_rollout:
            continue
        if _is_after_onset(observed, change):
            yield SetAside(change, "it came after the alert began")
        elif _adds_replicas(change):
            yield SetAside(change, "it only added replicas")
        else:
            why = f"the {change.event_type.replace('_', ' ')} came before the alert"
            yield Cause(CauseKind.CHANGE, why, _change_terms(observed, change, CHANGE_PRIOR, []), change)


def bad_node(observed: Observations, explanation: Explanation) -> Iterator[Finding]:
    """A node in trouble is to blame for the pods that fail on it, or may be when some of ours run there."""
    for index, bad in enumerate(observed.node_faults):
        symptoms = explanation.by_node.get(index, [])
        here = [pod for pod in observed.own_pods if pod.node == bad.subject.name]
        share = len(here) / len(observed.own_pods) if observed.own_pods else 1.0
        unready = [pod for pod in observed.own_pods if not pod.is_ready]
        is_felt = bool(symptoms) or (bool(unready) and all(pod.node == bad.subject.name for pod in unready))
        terms = [
            Term("a node in trouble", registry.NODE.prior),
            time_term(max(0.0, observed.context.onset - bad.last), observed.context.lookback_s),
            distance_term(Relation.NODE, 1.0 if is_felt else share),
            symptom_term(agrees=is_felt),
        ]
        yield Cause(CauseKind.NODE, _share_on_node(here, observed.own_pods), terms, faults=[bad, *symptoms])


def specific_fault(observed: Observations, explanation: Explanation) -> Iterator[Finding]:
    """A fault without a change before it that tells by itself what is wrong."""
    return _standing_alone(observed, explanation, is_specific=True)


def reported_fault(observed: Observations, explanation: Explanation) -> Iterator[Finding]:
    """A fault that was reported and that tells less: evictions, failing probes, what other systems post."""
    return _standing_alone(observed, explanation, is_specific=False)


CHECKS: list[Check] = [bad_rollout, bad_node, specific_fault, other_change, reported_fault]


def _share_on_node(here: list[PodView], own_pods: list[PodView]) -> str:
    if not own_pods:
        return "our pods ran on it"
    unready = sum(not pod.is_ready for pod in here)
    felt = f" ({unready} not ready)" if unready else ""
    names = {pod.workload for pod in own_pods}
    whose = f" of {names.pop()}" if len(names) == 1 else ""
    verb = "is" if 1 in (len(here), len(own_pods)) else "are"
    return f"{len(here)} of {plural(len(own_pods), 'pod')}{whose} {verb} on it{felt}"


def _standing_alone(observed: Observations, explanation: Explanation, *, is_specific: bool) -> Iterator[Cause]:
    for analyzer in registry.ANALYZERS:
        if analyzer.is_specific is is_specific:
            for fault in explanation.alone:
                if registry.analyzer_of(fault) is analyzer:
                    yield Cause(CauseKind.FAULT, analyzer.why, _fault_terms(observed, fault), faults=[fault])


def _fault_terms(observed: Observations, fault: Fault) -> list[Term]:
    gap_s = max(0.0, observed.context.onset - fault.last)
    return [
        Term(f"a fault of this kind: {fault.kind}", registry.analyzer_of(fault).prior),
        time_term(gap_s, observed.context.lookback_s),
        distance_term(fault.relation),
        active_term(active=gap_s <= ACTIVE_S),
    ]


def _change_terms(observed: Observations, change: Change, prior: float, symptoms: list[Fault]) -> list[Term]:
    return [
        Term("changes cause most incidents", prior),
        time_term(max(0.0, observed.context.onset - change.at), observed.context.lookback_s),
        distance_term(change.relation),
        symptom_term(agrees=bool(symptoms)),
    ]


def _not_to_blame(observed: Observations, change: Change, symptoms: list[Fault]) -> str:
    """Return why a rollout cannot be the cause; empty when it can."""
    if _is_after_onset(observed, change):
        return "it came after the alert began"
    successor = _successor(observed, change)
    if successor is not None and all(fault.last <= successor.at + DRAIN_S for fault in symptoms):
        return f"it was replaced {duration(observed.context.onset - successor.at)} before the alert"
    if symptoms:
        return ""
    older = [f for f in observed.faults if same_workload(change, f) and f.first < change.at - CLOCK_SLACK_S]
    if older:
        return f"the fault began {duration(change.at - min(f.first for f in older))} before it"
    return "its pods are healthy" if _is_healthy(observed, change) else ""


def _adds_replicas(change: Change) -> bool:
    if change.event_type != EventType.SCALE_EVENT:
        return False
    old, new = change.old_value or "", change.new_value or ""
    return old.isdigit() and new.isdigit() and int(new) > int(old)


def _successor(observed: Observations, change: Change) -> Change | None:
    """Return the next rollout of the same workload before the onset."""
    later = [
        other
        for other in observed.changes
        if other.is_rollout and other.subject == change.subject and change.at < other.at <= observed.context.onset
    ]
    return min(later, key=lambda other: other.at, default=None)


def _is_after_onset(observed: Observations, change: Change) -> bool:
    return change.at > observed.context.onset + CLOCK_SLACK_S


def _is_healthy(observed: Observations, change: Change) -> bool:
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    pods = [
        p for p in observed.context.pods or [] if p.template_hash == template_hash and p.workload == change.subject.name
    ]
    return bool(template_hash and pods) and all(pod.is_ready for pod in pods)
