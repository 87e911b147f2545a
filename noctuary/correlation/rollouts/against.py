"""What speaks against a rollout as the cause, each a check of its own."""

from collections.abc import Callable

from noctuary.analyzers import registry
from noctuary.common.text import duration
from noctuary.correlation.effects.workloads import SOON_S, has_previous, is_mild, is_restart, same_workload
from noctuary.correlation.explain import Explanation
from noctuary.correlation.lasting import CLOCK_SLACK_S, DRAIN_S, goes_on_until
from noctuary.correlation.observations import Observations, changes_beside, faults_near
from noctuary.correlation.rollouts.row import later_rollouts, row_of
from noctuary.correlation.scalings import taken_away_at
from noctuary.correlation.score import LOW_CONFIDENCE
from noctuary.correlation.taken_back import is_gone
from noctuary.correlation.versions import got_well, old_pods_fail
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault

RAN_WELL = "its pods ran well"
"""Tells against a rollout and acquits it of nothing that needs hours, such as a leak."""
REPLACED = "it was replaced "
STOPPED = "it was scaled to 0 "
WENT_BACK = "it went back to the version before"
ALERT_DELAY_S = 300.0
"""Alert rules hold for up to five minutes before they page: what was mended within that is still the cause."""
SHORT_LIVED_S = 1800.0
"""A version that somebody left within half an hour was most likely left because it was bad."""
Reason = Callable[[Observations, Explanation, Change, list[Fault]], str]


def _came_after(observed: Observations, _: Explanation, change: Change, _symptoms: list[Fault]) -> str:
    return "it came after the alert began" if change.at > observed.context.onset + CLOCK_SLACK_S else ""


def _made_anew(observed: Observations, _: Explanation, change: Change, symptoms: list[Fault]) -> str:
    """What brought back what was gone at the onset mended it, within the slack of the clocks as well."""
    before = [other for _, other in changes_beside(observed, change) if other.at < change.at]
    is_back = change.at > observed.context.onset and bool(before) and is_gone(before[-1]) and not symptoms
    return "it made anew what was deleted" if is_back else ""


def _was_replaced(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> str:
    """A rollout that was replaced is over, unless the alert is only late and what came after it is well."""
    row = row_of(observed, explanation, change)
    later = [(index, other) for index, other in later_rollouts(observed, change) if other not in row]
    felt = [*symptoms, *old_pods_fail(observed, explanation, change)]
    if not later or any(fault.last > later[0][1].at + DRAIN_S for fault in felt):
        return ""
    ago_s = observed.context.onset - later[0][1].at
    is_suspect = symptoms or (has_previous(change) and later[0][1].at - change.at <= SHORT_LIVED_S)
    is_late_alert = is_suspect and ago_s <= ALERT_DELAY_S and not any(explanation.by_change.get(i) for i, _ in later)
    return "" if is_late_alert else f"{REPLACED}{duration(ago_s)} before the alert"


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
    return f"{STOPPED}{duration(ago_s)} before the alert" if ago_s > ALERT_DELAY_S else ""


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
        and (
            _outlives(observed, fault, change)
            if _is_of_template(fault, change)
            else any(registry.may_be_same(fault.kind, kind) for kind in kinds)
        )
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
    return WENT_BACK if failed or is_recent else ""


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
