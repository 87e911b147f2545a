"""Rollouts: to blame when their own pods fail, possible while only their behaviour can be wrong."""

from collections.abc import Callable, Iterator

import msgspec

from noctuary.common.text import duration, plural
from noctuary.correlation.effects.workloads import (
    SOON_S,
    has_previous,
    is_mild,
    is_restart,
    moving_tag,
    reads_nothing,
    same_workload,
)
from noctuary.correlation.explain import Explanation
from noctuary.correlation.lasting import CLOCK_SLACK_S, DRAIN_S, goes_on_until, is_serving
from noctuary.correlation.observations import Observations, changes_beside, faults_near
from noctuary.correlation.scalings import taken_away_at
from noctuary.correlation.score import (
    DOUBTFUL_LIMIT,
    LOW_CONFIDENCE,
    POSSIBLE_LIMIT,
    REPLACED_PRIOR,
    RESTART_PRIOR,
    RETURN_PRIOR,
    ROLLOUT_PRIOR,
    distance_term,
    doubted,
    symptom_term,
    time_term,
)
from noctuary.correlation.taken_back import is_gone
from noctuary.correlation.versions import got_well, old_pods_fail
from noctuary.models import details
from noctuary.models.diagnosis import Cause, CauseKind, Change, Fault, PodView, Relation, SetAside, Term

CONFIGURATION = "see its "
"""A restart makes felt what its pods read from outside their template: nothing else of it is new."""
TAKEN_AWAY = "its pods are gone: it was scaled to 0 since"
NONE_RUNS = "no pod runs it now, the version before is ready"
RAN_WELL = "its pods ran well"
"""Tells against a rollout and acquits it of nothing that needs hours, such as a leak."""
NOT_KNOWN = "it is the change before the alert; how its pods fare is not known"
PODS_READY = "its pods are ready, so only its behaviour can be wrong"
NOT_READY = "not ready yet"
OLD_PODS = "pods of the version before it fail since"
START_UP_S = 60.0
"""A pod that became unready later than this after it was made had been ready."""
MAX_READ = 2
"""Objects that pods read which a sentence names."""
ALERT_DELAY_S = 300.0
"""Alert rules hold for up to five minutes before they page: what was mended within that is still the cause."""
ALERT_UNDER_WAY_S = 60.0
"""From the last bad sample to the page: scrapes, the rule's next evaluation and `group_wait` take up to a minute."""
SHORT_LIVED_S = 1800.0
"""A version that somebody left within half an hour was most likely left because it was bad."""
Reason = Callable[[Observations, Explanation, Change, list[Fault]], str]


def bad_rollout(observed: Observations, explanation: Explanation) -> Iterator[Cause | SetAside]:
    """A rollout before the onset is a cause unless something speaks against it; healthy pods do not."""
    for index, change in enumerate(observed.changes):
        if change.is_rollout:
            yield _judge(observed, explanation, change, explanation.by_change.get(index, []))


def _judge(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> Cause | SetAside:
    going_on = [fault for fault in symptoms if not got_well(observed, change, fault)]
    reasons = (reason(observed, explanation, change, going_on) for reason in REASONS_AGAINST)
    against = next(filter(None, reasons), "")
    if against:
        return SetAside(change, against)
    why = _how_its_pods_fare(observed, change)
    if why == NOT_KNOWN and old_pods_fail(observed, explanation, change):
        why = OLD_PODS
    if going_on:
        is_own = any(same_workload(change, fault) for fault in going_on)
        why = "its own pods fail since" if is_own else "what calls it failed as it started"
    limit = _limit(observed, explanation, change, going_on)
    terms = _terms(observed, explanation, change, going_on)
    told = sorted(symptoms, key=lambda fault: (not same_workload(change, fault), fault.is_over))
    return Cause(CauseKind.ROLLOUT, why, terms, _marked(observed, explanation, change), told, limit)


def _limit(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> float:
    if not symptoms and not has_previous(change):
        return DOUBTFUL_LIMIT
    is_late = change.at > observed.context.onset
    is_guess = bool(symptoms) and all(
        is_mild(fault) or (change.is_posted and not fault.is_posted) for fault in symptoms
    )
    is_doubtful = is_late or is_guess or change.event_id in explanation.contested
    return POSSIBLE_LIMIT if is_doubtful or _was_mended(observed, explanation, change, symptoms) else 1.0


def _was_mended(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> bool:
    """Tell whether a rollout was left, and all of its service ready again, before the alert was under way."""
    before = observed.context.onset - ALERT_UNDER_WAY_S
    row = _row(observed, explanation, change)
    is_left = any(other not in row for _, other in _later(observed, change)) or taken_away_at(observed, change)
    pods = [pod for pod in observed.staying.get(change.service, ()) if is_serving(pod)]
    are_well = bool(pods) and all(pod.is_ready and 0 < pod.ready_changed_at < before for pod in pods)
    return bool(is_left) and are_well and all(fault.is_over and fault.last < before for fault in symptoms)


def _marked(observed: Observations, explanation: Explanation, change: Change) -> Change:
    marks = {details.RETURN: "1"} if change.event_id in observed.returns else {}
    row = " ".join(other.details.get(details.TEMPLATE_HASH, "") for other in _row(observed, explanation, change))
    marks |= {details.ROW: row} if row.strip() else {}
    return msgspec.structs.replace(change, details=change.details | marks) if marks else change


def _row(observed: Observations, explanation: Explanation, change: Change) -> list[Change]:
    """Return the rollouts after this one that were to mend it and fail as well."""
    first_of = explanation.first_of_row
    return [
        observed.changes[index]
        for index, first in first_of.items()
        if observed.changes[first].event_id == change.event_id
    ]


def _came_after(observed: Observations, _: Explanation, change: Change, _symptoms: list[Fault]) -> str:
    return "it came after the alert began" if change.at > observed.context.onset + CLOCK_SLACK_S else ""


def _made_anew(observed: Observations, _: Explanation, change: Change, symptoms: list[Fault]) -> str:
    """What brought back what was gone at the onset mended it, within the slack of the clocks as well."""
    before = [other for _, other in changes_beside(observed, change) if other.at < change.at]
    is_back = change.at > observed.context.onset and bool(before) and is_gone(before[-1]) and not symptoms
    return "it made anew what was deleted" if is_back else ""


def _was_replaced(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> str:
    """A rollout that was replaced is over, unless the alert is only late and what came after it is well."""
    row = _row(observed, explanation, change)
    later = [(index, other) for index, other in _later(observed, change) if other not in row]
    felt = [*symptoms, *old_pods_fail(observed, explanation, change)]
    if not later or any(fault.last > later[0][1].at + DRAIN_S for fault in felt):
        return ""
    ago_s = observed.context.onset - later[0][1].at
    is_suspect = symptoms or (has_previous(change) and later[0][1].at - change.at <= SHORT_LIVED_S)
    is_late_alert = is_suspect and ago_s <= ALERT_DELAY_S and not any(explanation.by_change.get(i) for i, _ in later)
    return "" if is_late_alert else f"it was replaced {duration(ago_s)} before the alert"


def _mended_nothing(observed: Observations, explanation: Explanation, change: Change, _symptoms: list[Fault]) -> str:
    """What was to mend a failing version is no cause; nor is any where the version that ran before fails as well."""
    index = observed.changes.index(change)
    if index in explanation.fails_before:
        return "the version before it fails as well"
    return "the version before it failed already" if index in explanation.first_of_row else ""


def _was_stopped(observed: Observations, _: Explanation, change: Change, _symptoms: list[Fault]) -> str:
    """A version that was scaled to nothing beside ready pods is over, unless the alert is only late."""
    stopped_at = taken_away_at(observed, change)
    ago_s = observed.context.onset - (stopped_at or observed.context.onset)
    return f"it was scaled to 0 {duration(ago_s)} before the alert" if ago_s > ALERT_DELAY_S else ""


def _fault_was_there(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> str:
    """Only a fault of the same kind, on the same workload, that lasted until the change, shows that it is older.

    One that an earlier rollout explains shows it only in a row of them.
    """
    kinds = {fault.kind for fault in symptoms if not is_mild(fault)}
    explained = [fault for faults in explanation.by_change.values() for fault in faults]
    older = [
        fault
        for fault in faults_near(observed, change)
        if same_workload(change, fault)
        and (_outlives(observed, fault, change) if _is_of_template(fault, change) else fault.kind in kinds)
        and fault.first < change.at - CLOCK_SLACK_S
        and goes_on_until(fault, change.at)
        and fault not in explained
    ]
    return f"the fault began {duration(change.at - min(f.first for f in older))} before it" if older else ""


def _outlives(observed: Observations, fault: Fault, change: Change) -> bool:
    """Tell whether pods that a return to their version found failing go on to fail."""
    is_return = change.event_id in observed.returns
    return is_return and fault.last > change.at and not (fault.is_over or is_mild(fault))


def _is_of_template(fault: Fault, change: Change) -> bool:
    """Tell whether a fault is of an earlier time of the same template, which mostly ended when that was replaced."""
    return fault.template_hash != "" and fault.template_hash == change.details.get(details.TEMPLATE_HASH)


def _ran_well(observed: Observations, _: Explanation, change: Change, symptoms: list[Fault]) -> str:
    """A version that ran well for long explains no later fault of its pods."""
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    own = [
        fault
        for fault in faults_near(observed, change)
        if same_workload(change, fault)
        and not is_restart(change)
        and not (fault.is_posted and fault.confidence < LOW_CONFIDENCE)
        and (not template_hash or fault.template_hash in ("", template_hash))
    ]
    soon = change.at + SOON_S
    late = [fault.first for fault in own if fault.first > soon or not got_well(observed, change, fault)]
    if not late or symptoms or min(late) <= soon:
        return ""
    since = max([change.at, *(fault.last for fault in own if fault.last < min(late))])
    return f"{RAN_WELL} for {duration(min(late) - since)} before the fault began"


def _went_back(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> str:
    """A return is the mending of a version that failed, or that somebody left just before an alert that is late."""
    undone = observed.returns.get(change.event_id)
    if undone is None or symptoms:
        return ""
    failed = explanation.by_change.get(observed.changes.index(undone))
    is_recent = change.at - undone.at <= SHORT_LIVED_S and observed.context.onset - change.at <= ALERT_DELAY_S
    return "it went back to the version before" if failed or is_recent else ""


REASONS_AGAINST: list[Reason] = [
    _came_after,
    _made_anew,
    _mended_nothing,
    _was_replaced,
    _was_stopped,
    _fault_was_there,
    _ran_well,
    _went_back,
]


def _later(observed: Observations, change: Change) -> Iterator[tuple[int, Change]]:
    """Yield the rollouts of the same workload that put something else in this one's place before the onset."""
    return (
        (index, other)
        for index, other in changes_beside(observed, change)
        if other.is_rollout and change.at < other.at <= observed.context.onset
        if not _keeps(other, change) and other.confidence >= LOW_CONFIDENCE
    )


def _keeps(other: Change, change: Change) -> bool:
    """Tell whether a later rollout left running what this one brought: a restart, more pods of it, another setting."""
    template_hash, image = (change.details.get(name, "") for name in (details.TEMPLATE_HASH, details.IMAGE))
    if is_restart(other) or (template_hash and template_hash == other.details.get(details.TEMPLATE_HASH)):
        return True
    is_new = image not in ("", change.details.get(details.PREVIOUS_IMAGE, ""))
    return is_new and image == other.details.get(details.IMAGE) == other.details.get(details.PREVIOUS_IMAGE)


def _how_its_pods_fare(observed: Observations, change: Change) -> str:
    if is_restart(change):
        return look_at_configuration(change)
    if taken_away_at(observed, change) is not None:
        return TAKEN_AWAY
    pods = _pods(observed, change)
    unready = sum(not pod.is_ready for pod in pods)
    if not pods and _runs_before(observed, change):
        return NONE_RUNS
    if not pods:
        return NOT_KNOWN
    if unready and len(pods) == 1:
        return f"its pod is {NOT_READY}"
    if unready:
        return f"{unready} of its {plural(len(pods), 'pod')} {'is' if unready == 1 else 'are'} {NOT_READY}"
    return PODS_READY


def are_ready(cause: Cause) -> bool:
    """Tell whether a rollout's pods are ready, whatever they suffered as they started."""
    return cause.why == PODS_READY


def _runs_before(observed: Observations, change: Change) -> bool:
    """Tell whether ready pods run what a rollout replaced, such as after a canary that was taken back by its tool."""
    before = change.details.get(details.PREVIOUS_TEMPLATE_HASH, "")
    pods = observed.pods
    return before != "" and any(pod.is_ready and pod.template_hash == before for pod in pods)


def _never_started(observed: Observations, change: Change) -> bool:
    """Tell whether nothing of the service is ready since a rollout, and nothing but the rollout may be why."""
    pods = _pods(observed, change)
    bad_nodes = [fault for fault in observed.node_faults if not fault.is_over]
    is_alone = not observed.faults and not bad_nodes and observed.changes == [change]
    is_new = change.relation is Relation.OWN and has_previous(change) and not is_restart(change)
    is_down = bool(pods) and not any(pod.is_ready for pod in observed.own_pods)
    never_ready = all(pod.created_at and pod.ready_changed_at <= pod.created_at + START_UP_S for pod in pods)
    return is_alone and is_new and is_down and never_ready and all(pod.is_ready for pod in observed.dependency_pods)


def look_at_configuration(change: Change) -> str:
    """Return `see its ConfigMap settings`; in general words where much is read, or nobody knows what.

    Of pods that read none, what else may be new to them: the image that a tag names, and what the logs tell of.
    """
    tag = moving_tag(change)
    if reads_nothing(change):
        return CONFIGURATION + (f"image: {tag} may have moved" if tag else "logs")
    names = [name for name in change.details.get(details.READS, "").split(", ") if name]
    return CONFIGURATION + (" and ".join(names) if 0 < len(names) <= MAX_READ else "ConfigMaps and Secrets")


def _pods(observed: Observations, change: Change) -> list[PodView]:
    kept = [
        change,
        *(
            each
            for _, each in changes_beside(observed, change)
            if each.is_rollout and each.at > change.at and _keeps(each, change)
        ),
    ]
    hashes = {each.details.get(details.TEMPLATE_HASH, "") for each in kept} - {""}
    pods = observed.pods
    return [pod for pod in pods if pod.template_hash in hashes and pod.workload == change.subject.name]


def _terms(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> list[Term]:
    terms = [
        Term(*_prior(observed, explanation, change)),
        time_term(max(0.0, observed.context.onset - change.at), observed.context.lookback_s),
        distance_term(change.relation),
        symptom_term(agrees=bool(symptoms) or _never_started(observed, change)),
    ]
    return doubted(terms, change.confidence)


def _prior(observed: Observations, explanation: Explanation, change: Change) -> tuple[str, float]:
    if is_restart(change):
        return "a restart changes nothing by itself", RESTART_PRIOR
    row = _row(observed, explanation, change)
    later = next((each for each in _later(observed, change) if each[1] not in row), None)
    if taken_away_at(observed, change) is not None:
        return "it was scaled to 0 before the alert", REPLACED_PRIOR
    if later is not None and observed.returns.get(later[1].event_id) is not change:
        return "it was replaced before the alert", REPLACED_PRIOR
    if change.event_id in observed.returns:
        return "it went back to a version that ran before", RETURN_PRIOR
    return "changes cause most incidents", ROLLOUT_PRIOR
