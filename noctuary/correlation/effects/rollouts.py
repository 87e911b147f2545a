"""Which faults a rollout explains: those of its own pods that began within minutes, or were there from their start."""

from noctuary.analyzers import registry
from noctuary.correlation.effects.workloads import SOON_S, has_previous, is_restart, same_workload, shows_no_trouble
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault


def rollout_explains(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a fault is of a rollout's own pods and began within minutes of it, or they never became ready."""
    if not change.is_rollout or is_restart(change) or not same_workload(change, fault):
        return False
    analyzer = registry.analyzer_of(fault)
    if shows_no_trouble(observed, fault) or analyzer.is_state or analyzer.is_outside(fault):
        return False
    is_vague = not has_previous(change) or (change.is_posted and not fault.is_posted)
    if is_vague and analyzer.tells_cause:  # that says more than `it is new`, or a rollout unseen
        return False
    template_hash = change.details.get(details.TEMPLATE_HASH, "")
    if template_hash and fault.template_hash and template_hash != fault.template_hash:
        return False
    late_s = fault.first - change.at
    if late_s < -CLOCK_SLACK_S or was_there(observed, change, fault):
        return False
    if late_s <= SOON_S or _is_about(change, fault):
        return True
    return _never_well(observed, change, fault) and not _ran(observed, fault)


def was_there(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a failing pod is older than the return to its version: to that pod, nothing changed."""
    if change.event_id not in observed.returns:
        return False
    made = [pod.created_at for pod in observed.pods if pod.name in fault.pods]
    return any(0 < at < change.at - CLOCK_SLACK_S for at in made)


def _is_about(change: Change, fault: Fault) -> bool:
    """Tell whether a rollout changed the very thing that fails: a memory limit, a probe."""
    changed = change.details.get(details.CHANGED, "")
    return any(word in changed for word in registry.analyzer_of(fault).follows_change_of)


def _never_well(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether failing pods exist since the rollout and were never ready; one that came later tells nothing."""
    if fault.details.get(details.NEVER_READY) != "1":
        return False
    pods = observed.pods
    return any(pod.name in fault.pods and 0 < pod.created_at <= change.at + SOON_S for pod in pods)


def _ran(observed: Observations, fault: Fault) -> bool:
    """Tell whether other pods of a fault's template had become ready before it."""
    return any(
        pod.is_ready and 0 < pod.ready_changed_at < fault.first - CLOCK_SLACK_S and pod.name not in fault.pods
        for pod in observed.pods
        if fault.template_hash and pod.template_hash == fault.template_hash
    )
