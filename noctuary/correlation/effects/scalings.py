"""Which faults a scaling explains, or may explain."""

from noctuary.analyzers import registry
from noctuary.correlation.effects.workloads import SOON_S, same_workload
from noctuary.correlation.faults import told_since
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations
from noctuary.correlation.scalings import (
    agrees_with_pods,
    is_by_autoscaler,
    is_down,
    is_far_down,
    is_far_up,
    is_up,
    pods_of_scaled,
)
from noctuary.models.context_event import EventType
from noctuary.models.diagnosis import Change, Fault

LATER_S = 900.0
"""Few pods carry what many did until the load comes: a scaling down may show as late as this."""


def scaling_may_explain(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a scaling explains a fault, or may: few pods are left for the load that comes minutes later.

    Or far more pods use up what they all depend on, such as connections: then all of them fail.
    """
    if scaling_explains(observed, change, fault):
        return True
    analyzer, after_s = registry.analyzer_of(fault), told_since(fault) - change.at
    is_ours = change.event_type == EventType.SCALE_EVENT and not change.is_posted and same_workload(change, fault)
    if not is_ours or is_by_autoscaler(change) or analyzer.is_state:
        return False
    if is_far_up(change):
        return 0 <= after_s <= SOON_S and analyzer.follows_dependency and not analyzer.tells_cause
    is_by_load = analyzer.follows_scaling_down and (analyzer.tells_cause or analyzer.begins_when_unready)
    is_whole = is_far_down(change) and not any(pod.is_ready for pod in pods_of_scaled(observed, change))
    return is_whole and 0 <= after_s <= LATER_S and is_by_load


def scaling_explains(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether more replicas found no room, or too few could not carry the load."""
    if change.event_type != EventType.SCALE_EVENT or not same_workload(change, fault):
        return False
    if change.is_posted and not agrees_with_pods(observed, change):
        return False
    analyzer = registry.analyzer_of(fault)
    if analyzer.is_state:
        return change.new_value == "0"
    if not -CLOCK_SLACK_S <= fault.first - change.at <= SOON_S:
        return False
    if is_up(change):
        return analyzer.follows_scaling_up and not is_by_autoscaler(change)
    return analyzer.follows_scaling_down and is_down(change)
