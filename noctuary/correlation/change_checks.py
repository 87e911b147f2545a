"""Scalings, and changes of configuration, flags and schemas."""

from collections.abc import Iterator

import msgspec

from noctuary.analyzers import registry
from noctuary.common.text import clean, duration
from noctuary.correlation.deploys.canaries import switches
from noctuary.correlation.effects.objects import LOST_TERM, is_loss, is_of_object, not_felt, object_names
from noctuary.correlation.effects.scalings import scaling_explains
from noctuary.correlation.effects.specs import write_explains
from noctuary.correlation.effects.workloads import SOON_S, is_restart, same_workload
from noctuary.correlation.explain import Explanation
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations, changes_beside, pods_of_workload
from noctuary.correlation.rollouts.against import ALERT_DELAY_S, SHORT_LIVED_S
from noctuary.correlation.scalings import (
    is_by_autoscaler,
    is_left,
    is_mended,
    is_to_nothing,
    is_up,
    ready_beside,
    replicas_before,
    reversals,
    stops_service,
)
from noctuary.correlation.score import (
    CHANGE_PRIOR,
    LOW_CONFIDENCE,
    POSSIBLE_LIMIT,
    REPLACED_PRIOR,
    distance_term,
    doubted,
    prior_term,
    symptom_term,
    time_term,
)
from noctuary.models import details
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Cause, CauseKind, Change, Fault, Relation, SetAside, Term

MIN_EFFECT_S = 60.0
"""A setting that held for less than a minute hardly raises an alert."""
NOTHING_RUNS = "nothing of it runs since"
NOT_BACK = "its pods were not ready again when the alert began"
TAKEN_BACK = "it was taken back"
TOOK_BACK = "it took back the change before it"
ENDED_ROLLOUT = "it ended the rollout before it"
AUTOSCALED = "an autoscaler did it"
WENT_FOR = "it is of one release with the version that took its place: it went down as"
ONLY_ADDED = "it only added replicas"
WRONG_SINCE = "as it was written then, it does not work"
SETTINGS = frozenset({EventType.FLAG_CHANGE, EventType.CONFIG_CHANGE, EventType.SCHEMA_CHANGE})


def other_change(observed: Observations, explanation: Explanation) -> Iterator[Cause | SetAside]:
    """A change before the onset may be to blame, unless it was taken back or could only help."""
    pairs, switched = reversals(observed.changes, observed.context.onset), switches(observed.changes)
    leading = {change.event_id for change in switched.values()}
    for index, change in enumerate(observed.changes):
        if change.is_rollout or _is_under_way(observed, change):
            continue
        symptoms = explanation.by_change.get(index, [])
        other = observed.changes[pairs[index]] if index in pairs else None
        is_felt = bool(symptoms) or stops_service(observed, change)
        if change.event_id in switched and not is_felt:
            yield SetAside(change, f"{WENT_FOR} {switched[change.event_id].subject.name} came up")
            continue
        against = _against(observed, change, symptoms, other)
        if against == ONLY_ADDED and change.event_id in leading:
            against = ""
        if against:
            yield SetAside(change, against)
        else:
            is_left = other is not None and other.at > change.at and change.event_type in SETTINGS
            terms = _terms(observed, change, symptoms, agrees=is_felt, is_left=is_left)
            why = _why(observed, change, symptoms, other)
            yield Cause(CauseKind.CHANGE, why, terms, change, symptoms, _limit(observed, change, symptoms))


def _limit(observed: Observations, change: Change, symptoms: list[Fault]) -> float:
    is_idle = change.relation is Relation.DEPENDENCY and is_by_autoscaler(change)  # nobody asked for it
    if stops_service(observed, change) and not is_idle:
        return 1.0
    if any(write_explains(observed, change, fault) for fault in symptoms):
        return 1.0
    if symptoms and change.event_type in SETTINGS:  # it only came before them, unless one is of the very object
        return 1.0 if any(object_names(change, each) for each in symptoms) else POSSIBLE_LIMIT
    is_guess = is_to_nothing(change) or is_by_autoscaler(change) or not _is_sure(observed, change, symptoms)
    return POSSIBLE_LIMIT if is_guess else 1.0


def _is_sure(observed: Observations, change: Change, symptoms: list[Fault]) -> bool:
    """Tell whether a scaling explains one of its own symptoms; what else it may explain is a guess."""
    is_scaling = change.event_type == EventType.SCALE_EVENT
    return not (is_scaling and symptoms) or any(scaling_explains(observed, change, each) for each in symptoms)


def _against(observed: Observations, change: Change, symptoms: list[Fault], other: Change | None) -> str:
    """Return why a change cannot be the cause; empty when it can. `other` took it back, or was taken back by it."""
    if change.at > observed.context.onset + CLOCK_SLACK_S:
        return "it came after the alert began"
    if other is not None and other.at > change.at and not _may_last(observed, change, other):
        return f"{TAKEN_BACK} {duration(other.at - change.at)} later"
    if other is not None and other.at <= change.at and not symptoms:
        return TOOK_BACK
    if not symptoms and (why := not_felt(observed, change)):
        return why
    if details.STAGED in change.details and not symptoms:
        return f"no pod runs it yet ({clean(change.details[details.STAGED], 80)})"
    if _ends_rollout(observed, change):
        return f"{ENDED_ROLLOUT}, and other pods of the service are ready"
    if change.is_posted and is_to_nothing(change) and is_left(observed, change):
        return "pods of it that are older are still there"
    is_felt = bool(symptoms) or stops_service(observed, change)
    if change.event_type == EventType.SCALE_EVENT and is_by_autoscaler(change) and not is_felt:
        return f"{AUTOSCALED}, as the load told it to"
    return ONLY_ADDED if is_up(change) and not symptoms else ""


def _is_under_way(observed: Observations, change: Change) -> bool:
    """Tell whether pods run by now what was a template without any: that rollout is told instead."""
    template_hash = change.details.get(details.TEMPLATE_HASH, "") if details.STAGED in change.details else ""
    return template_hash != "" and any(
        each.is_rollout and each.at >= change.at and each.details.get(details.TEMPLATE_HASH) == template_hash
        for _, each in changes_beside(observed, change)
    )


def _may_last(observed: Observations, change: Change, back: Change) -> bool:
    """Tell whether what was taken back is felt: replicas until they are ready, a setting by a late alert."""
    if change.event_type == EventType.SCALE_EVENT:
        return not is_mended(observed, change, back)
    return back.at - change.at >= MIN_EFFECT_S and observed.context.onset - back.at <= ALERT_DELAY_S


def _ends_rollout(observed: Observations, change: Change) -> bool:
    """Tell whether a version just rolled out was taken away, and as many other pods of the service are ready."""
    if not is_to_nothing(change) or ready_beside(observed, change) < replicas_before(change):
        return False
    begun = [other.at for _, other in changes_beside(observed, change) if other.is_rollout and not is_restart(other)]
    return any(0 <= change.at - at <= SHORT_LIVED_S for at in begun)


def _why(observed: Observations, change: Change, symptoms: list[Fault], back: Change | None) -> str:
    if back is not None and back.at > change.at and change.event_type == EventType.SCALE_EVENT:
        return NOT_BACK
    if stops_service(observed, change):
        return NOTHING_RUNS
    if back is not None and back.at > change.at:
        ago = duration(observed.context.onset - back.at)
        return f"{TAKEN_BACK} {duration(back.at - change.at)} later, {ago} before the alert"
    if not symptoms:
        return f"the {change.event_type.replace('_', ' ')} came before the alert"
    if any(write_explains(observed, change, fault) for fault in symptoms):
        return WRONG_SINCE
    if is_of_object(change):
        return "what it reaches fails since"
    is_scaling = change.event_type == EventType.SCALE_EVENT
    return _why_scaled(observed, change, symptoms) if is_scaling else "all pods of a version that ran fail since"


def _why_scaled(observed: Observations, change: Change, symptoms: list[Fault]) -> str:
    if is_up(change) and _is_sure(observed, change, symptoms):
        return "there is no room for the added replicas"
    if not any(same_workload(change, fault) for fault in symptoms):
        return "what calls it fails since"
    return "its pods fail since" if is_up(change) else "what is left of it fails since"


def _terms(observed: Observations, change: Change, symptoms: list[Fault], *, agrees: bool, is_left: bool) -> list[Term]:
    prior = prior_term(f"{TAKEN_BACK} before the alert", REPLACED_PRIOR)
    terms = [
        prior if is_left else prior_term("changes cause most incidents", CHANGE_PRIOR),
        time_term(max(0.0, observed.context.onset - change.at), observed.context.lookback_s),
        distance_term(change.relation),
        symptom_term(agrees=agrees),
        *([Term("what is lost is felt at once", LOST_TERM)] if is_of_object(change) and is_loss(change) else []),
    ]
    is_seen = bool(symptoms) and change.event_type in SETTINGS  # the pods that fail are nobody's word
    return terms if is_seen else doubted(terms, change.confidence)


def under_settings(observed: Observations, explanation: Explanation) -> Explanation:
    """Put what nothing else explains under the last setting before it, where all pods of a version fail since."""
    holding = list(_holding(observed))
    left: list[list[Fault]] = []
    for group in explanation.alone:
        found = [index for index, change in holding if _comes_before(change, group[0])]
        if found and _is_whole(observed, group[0]):
            explanation.by_change.setdefault(found[-1], []).extend(group)
        else:
            left.append(group)
    return msgspec.structs.replace(explanation, alone=left)


def _holding(observed: Observations) -> Iterator[tuple[int, Change]]:
    """Yield what was set before the onset, not taken back since, and told without doubt."""
    back = reversals(observed.changes, observed.context.onset)
    for index, change in enumerate(observed.changes):
        is_sure = change.is_posted and change.confidence >= LOW_CONFIDENCE
        if change.event_type in SETTINGS and is_sure and index not in back and change.at <= observed.context.onset:
            yield index, change


def _comes_before(change: Change, fault: Fault) -> bool:
    """Tell whether a fault of a service began within minutes of a setting of it."""
    return change.service == fault.service and -CLOCK_SLACK_S <= fault.first - change.at <= SOON_S


def _is_whole(observed: Observations, fault: Fault) -> bool:
    """Tell whether all pods of a version fail, in a way that does not tell why."""
    analyzer = registry.analyzer_of(fault)
    if fault.is_posted or fault.is_over or analyzer.tells_cause or not analyzer.follows_dependency:
        return False
    pods = [pod for pod in pods_of_workload(observed, fault.subject) if pod.template_hash == fault.template_hash]
    return bool(pods) and not any(pod.is_ready for pod in pods) and {pod.name for pod in pods} <= set(fault.pods)
