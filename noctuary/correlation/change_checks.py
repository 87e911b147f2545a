"""Scalings, and changes of configuration, flags and schemas."""

from collections.abc import Iterator

from noctuary.analyzers import registry
from noctuary.common.text import clean, duration
from noctuary.correlation.explain import SOON_S, Explanation
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations
from noctuary.correlation.rollout_checks import ALERT_DELAY_S
from noctuary.correlation.scalings import is_by_autoscaler, is_up, reversals
from noctuary.correlation.score import CHANGE_PRIOR, LOW_CONFIDENCE, distance_term, doubted, symptom_term, time_term
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Fault, SetAside, Term

MIN_EFFECT_S = 60.0
"""A setting that held for less than a minute hardly raises an alert."""
NOTHING_RUNS = "nothing of it runs since"
SETTINGS = frozenset({EventType.FLAG_CHANGE, EventType.CONFIG_CHANGE, EventType.SCHEMA_CHANGE})


def other_change(observed: Observations, explanation: Explanation) -> Iterator[Cause | SetAside]:
    """A change before the onset may be to blame, unless it was taken back or could only help."""
    pairs = reversals(observed.changes, observed.context.onset)
    for index, change in enumerate(observed.changes):
        if change.is_rollout or _is_under_way(observed.changes, change):
            continue
        symptoms = explanation.by_change.get(index, [])
        other = observed.changes[pairs[index]] if index in pairs else None
        against = _against(observed, change, symptoms, other)
        if against:
            yield SetAside(change, against)
        else:
            agrees = bool(symptoms) or _stopped(observed, change)
            yield Cause(
                CauseKind.CHANGE,
                _why(observed, change, symptoms),
                _terms(observed, change, agrees=agrees),
                change,
                symptoms,
            )


def _against(observed: Observations, change: Change, symptoms: list[Fault], other: Change | None) -> str:
    """Return why a change cannot be the cause; empty when it can. `other` took it back, or was taken back by it."""
    if change.at > observed.context.onset + CLOCK_SLACK_S:
        return "it came after the alert began"
    if other is not None and other.at > change.at and not _may_be_late(change, other, observed.context.onset):
        return f"it was taken back {duration(other.at - change.at)} later"
    if other is not None and other.at <= change.at and not symptoms:
        return "it took back the change before it"
    if details.STAGED in change.details and not symptoms:
        return f"no pod runs it yet ({clean(change.details[details.STAGED], 80)})"
    is_felt = bool(symptoms) or _stopped(observed, change)
    if change.event_type == EventType.SCALE_EVENT and is_by_autoscaler(change) and not is_felt:
        return "an autoscaler did it, as the load told it to"
    return "it only added replicas" if is_up(change) and not symptoms else ""


def _is_under_way(changes: list[Change], change: Change) -> bool:
    """Tell whether pods run by now what was a template without any: that rollout is told instead."""
    template_hash = change.details.get(details.TEMPLATE_HASH, "") if details.STAGED in change.details else ""
    return template_hash != "" and any(
        each.is_rollout
        and each.subject == change.subject
        and each.at >= change.at
        and each.details.get(details.TEMPLATE_HASH) == template_hash
        for each in changes
    )


def _may_be_late(change: Change, back: Change, onset: float) -> bool:
    """Tell whether an alert that is late may be about a setting that was taken back; replicas show by themselves."""
    lasted_s, ago_s = back.at - change.at, onset - back.at
    return change.event_type != EventType.SCALE_EVENT and lasted_s >= MIN_EFFECT_S and ago_s <= ALERT_DELAY_S


def _why(observed: Observations, change: Change, symptoms: list[Fault]) -> str:
    if _stopped(observed, change):
        return NOTHING_RUNS
    if symptoms and is_up(change):
        return "there is no room for the added replicas"
    if symptoms:
        is_scaling = change.event_type == EventType.SCALE_EVENT
        return "what is left of it fails since" if is_scaling else "all pods of a version that ran fail since"
    return f"the {change.event_type.replace('_', ' ')} came before the alert"


def _stopped(observed: Observations, change: Change) -> bool:
    """Tell whether a workload was scaled to nothing, and none of its pods is ready."""
    if change.event_type != EventType.SCALE_EVENT or change.new_value != "0":
        return False
    pods, place = (*observed.own_pods, *observed.dependency_pods), (change.subject.namespace, change.subject.name)
    return not any(pod.is_ready and (pod.namespace, pod.workload) == place for pod in pods)


def _terms(observed: Observations, change: Change, *, agrees: bool) -> list[Term]:
    terms = [
        Term("changes cause most incidents", CHANGE_PRIOR),
        time_term(max(0.0, observed.context.onset - change.at), observed.context.lookback_s),
        distance_term(change.relation),
        symptom_term(agrees=agrees and change.event_type == EventType.SCALE_EVENT),  # a setting only came before
    ]
    return doubted(terms, change.confidence)


def under_settings(observed: Observations, explanation: Explanation) -> Explanation:
    """Put what nothing else explains under the last setting before it, where all pods of a version fail since."""
    for group in [*explanation.alone]:
        found = [index for index, change in _holding(observed) if _comes_before(observed, change, group[0])]
        if found:
            explanation.alone.remove(group)
            explanation.by_change.setdefault(found[-1], []).extend(group)
    return explanation


def _holding(observed: Observations) -> Iterator[tuple[int, Change]]:
    """Yield what was set before the onset, not taken back since, and told without doubt."""
    back = reversals(observed.changes, observed.context.onset)
    for index, change in enumerate(observed.changes):
        is_sure = change.is_posted and change.confidence >= LOW_CONFIDENCE
        if change.event_type in SETTINGS and is_sure and index not in back and change.at <= observed.context.onset:
            yield index, change


def _comes_before(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether all pods of a version fail within minutes of a setting, in a way that does not tell why."""
    analyzer = registry.analyzer_of(fault)
    is_soon = -CLOCK_SLACK_S <= fault.first - change.at <= SOON_S
    if change.service != fault.service or fault.is_posted or fault.is_over or not is_soon:
        return False
    pods = [
        pod
        for pod in (*observed.own_pods, *observed.dependency_pods)
        if (pod.namespace, pod.workload) == (fault.subject.namespace, fault.subject.name)
        and pod.template_hash == fault.template_hash
    ]
    is_whole = bool(pods) and not any(pod.is_ready for pod in pods) and {pod.name for pod in pods} <= set(fault.pods)
    return is_whole and analyzer.follows_dependency and not analyzer.tells_cause
