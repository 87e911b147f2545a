"""What versions of a workload suffer alike, in a row or side by side, and what one suffers only as it begins."""

from collections import defaultdict

import msgspec

from noctuary.analyzers import registry
from noctuary.correlation.effects.rollouts import was_there
from noctuary.correlation.effects.workloads import SOON_S, is_mild, is_restart, same_workload
from noctuary.correlation.explain import Explanation
from noctuary.correlation.lasting import CLOCK_SLACK_S, WELL_S, goes_on_until
from noctuary.correlation.observations import Observations, changes_beside
from noctuary.correlation.taken_back import leads_back
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault, Subject

ALIKE_S = 120.0
"""Old and new pods that fail from the same outside begin it together; later, the old ones may only carry more load."""


def across_versions(observed: Observations, explanation: Explanation) -> Explanation:
    """Hold what explains faults against what other versions of the same workload suffer."""
    return _with_old_pods(observed, _in_rows(observed, explanation))


def _with_old_pods(observed: Observations, explanation: Explanation) -> Explanation:
    """Add to a rollout's faults those of old pods that began together with them: then it is possible at most.

    What the rollout did besides, such as a migration, may be why; pods that are not read may only be ending.
    """
    found = msgspec.structs.replace(explanation, by_change=dict(explanation.by_change), alone=[*explanation.alone])
    alone: dict[Subject, list[Fault]] = defaultdict(list)
    for group in explanation.alone:
        if len(group) == 1:
            alone[group[0].subject].append(group[0])
    for index, symptoms in explanation.by_change.items() if observed.context.pods is not None else ():
        change = observed.changes[index]
        subjects = dict.fromkeys(each.subject for each in symptoms if change.is_rollout)
        others = [fault for subject in subjects for fault in alone[subject]]
        alike = [fault for fault in others if any(_is_alike(observed, fault, each, change) for each in symptoms)]
        if alike:
            for subject in subjects:
                alone[subject] = [fault for fault in alone[subject] if fault not in alike]
            found.alone[:] = [group for group in found.alone if group[0] not in alike]
            found.by_change[index] = [*symptoms, *alike]
            found.contested.add(change.event_id)
    return found


def _is_alike(observed: Observations, fault: Fault, symptom: Fault, change: Change) -> bool:
    """Tell whether pods of another version still fail in the same way as a rollout's, and since about then.

    Those of the same version that were there before a return to it need not fail in the same way.
    """
    is_older = fault.template_hash == symptom.template_hash and was_there(observed, change, fault)
    is_same_kind = (
        (is_older or registry.may_be_same(fault.kind, symptom.kind))
        and fault.subject == symptom.subject
        and not is_mild(fault)
    )
    is_known = "" not in (fault.template_hash, symptom.template_hash)
    is_other = is_known and (is_older or fault.template_hash != symptom.template_hash)
    is_since = fault.first >= change.at - CLOCK_SLACK_S and abs(fault.first - symptom.first) <= ALIKE_S
    return is_same_kind and is_other and is_since and not fault.is_over


def _in_rows(observed: Observations, explanation: Explanation) -> Explanation:
    """Hand what follows from a failed mending to the first rollout of its row: to go back before that one mends all.

    What fails after a return to what ran before a row follows from none of them.
    """
    found = msgspec.structs.replace(explanation, by_change=dict(explanation.by_change), alone=[*explanation.alone])
    for index, change in enumerate(observed.changes):
        failing = _failing(explanation, index, change)
        first = _first_of_row(observed, explanation, found, index) if failing else None
        if first is None:
            continue
        found.by_change.pop(index, None)
        found.alone[:] = [group for group in found.alone if group[0] not in failing]
        if leads_back(change, observed.changes[first]):
            found.alone.extend([fault] for fault in failing)
            if not all(_is_starting(observed, fault, change) for fault in failing):
                found.fails_before.update((first, index))
        else:
            found.by_change[first] = [*found.by_change[first], *failing]
            found.first_of_row[index] = first
    return found


def _is_starting(observed: Observations, fault: Fault, change: Change) -> bool:
    """Tell whether pods that a rollout made minutes before only fail their probes as they start."""
    if not registry.analyzer_of(fault).begins_when_unready or fault.last - change.at > SOON_S:
        return False
    pods = [pod for pod in observed.staying.get(fault.service, ()) if pod.name in fault.pods]
    return bool(pods) and all(pod.created_at >= change.at - CLOCK_SLACK_S for pod in pods)


def _first_of_row(observed: Observations, explained: Explanation, found: Explanation, index: int) -> int | None:
    """Return the first of the failing rollouts that a rollout replaced; None where what it replaced was well."""
    change = observed.changes[index]
    for other, before in reversed(changes_beside(observed, change)):
        if other >= index or not before.is_rollout:
            continue
        failing = _failing(explained, other, before)
        if is_restart(before) and not failing:
            continue
        first = found.first_of_row.get(other, other)
        is_head = first in found.by_change and first not in found.fails_before
        lasts = any(goes_on_until(fault, change.at) for fault in failing)
        return first if lasts and is_head else None
    return None


def _failing(explanation: Explanation, index: int, change: Change) -> list[Fault]:
    """Return what is wrong with a rollout's own pods; a restart explains nothing, and has pods as well."""
    if not change.is_rollout:
        return []
    alone = [group[0] for group in explanation.alone if len(group) == 1] if is_restart(change) else []
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    own = [fault for fault in alone if template_hash == fault.template_hash != "" and same_workload(change, fault)]
    faults = [*explanation.by_change.get(index, []), *(f for f in own if f.first >= change.at - CLOCK_SLACK_S)]
    return faults if any(same_workload(change, fault) and not is_mild(fault) for fault in faults) else []


def got_well(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether pods of a rollout failed only as it began, and are or were well since for longer than that took.

    For pods that are gone, all others of the version speak.
    """
    if not (fault.is_over and fault.pods and same_workload(change, fault)):
        return False
    known = observed.pods
    pods = [pod for pod in known if pod.name in fault.pods]
    is_again = any(_is_repeated(fault, each) for each in observed.faults_at[fault.subject])
    ready_since = observed.context.onset - max(WELL_S, fault.last - change.at)
    if is_gone := len(pods) < len(fault.pods):
        is_long_ago = fault.last <= ready_since
        pods = [pod for pod in known if is_long_ago and fault.template_hash == pod.template_hash != ""]
    are_well = all(pod.ready_changed_at <= ready_since if pod.is_ready else not is_gone for pod in pods)
    return bool(pods) and (are_well or (is_again and not is_gone))


def _is_repeated(fault: Fault, other: Fault) -> bool:
    """Tell whether another fault is the next episode of the same: between both, pods were well."""
    is_same = (fault.kind, fault.subject, fault.template_hash) == (other.kind, other.subject, other.template_hash)
    return is_same and other.first - fault.last > SOON_S


def breaks_old_pods(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether pods of the version that a rollout replaced fail since minutes after it, as by a migration."""
    before = change.details.get(details.PREVIOUS_TEMPLATE_HASH, "")
    is_of_it = same_workload(change, fault) and fault.template_hash == before != ""
    is_soon = 0 <= fault.first - change.at <= SOON_S and change.at <= observed.context.onset
    if not (is_of_it and is_soon and _is_new(change)) or fault.is_over or is_mild(fault) or fault.is_posted:
        return False
    return not any(
        _is_new(other) and change.at < other.at < fault.first for _, other in changes_beside(observed, change)
    )


def _is_new(change: Change) -> bool:
    return change.is_rollout and not is_restart(change)


def old_pods_fail(observed: Observations, explanation: Explanation, change: Change) -> list[Fault]:
    """Return what pods of the version before a rollout suffer since, and nothing else explains."""
    broken = [fault for fault in observed.faults_at.get(change.subject, ()) if breaks_old_pods(observed, change, fault)]
    return [fault for fault in broken if any(group[0] is fault for group in explanation.alone)]
