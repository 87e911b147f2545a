"""What changes of Services, ConfigMaps, policies, roles, quotas and autoscalers explain, and when nobody feels them."""

from noctuary.analyzers import registry
from noctuary.analyzers.crash_loop import CrashLoop
from noctuary.analyzers.missing_configuration import MissingConfiguration
from noctuary.analyzers.out_of_memory import OutOfMemory
from noctuary.analyzers.refused import Refused
from noctuary.correlation.effects.workloads import SOON_S
from noctuary.correlation.lasting import CLOCK_SLACK_S
from noctuary.correlation.observations import Observations, pods_of_workload
from noctuary.models import details
from noctuary.models.diagnosis import Change, Fault, PodView
from noctuary.models.reaching.reach import Reach
from noctuary.models.reaching.reached import reach_of

MOUNTED_S = 600.0
"""The kubelet shows a changed ConfigMap in its volumes within two minutes, and programs look again after some more."""
STARTED_SLACK_S = 2.0
"""Times of pods are whole seconds."""
LOST_TERM = 0.15
"""What is gone, or new and forbids, is felt at once and by all: it weighs more than another value."""
FORBIDDING = frozenset({"NetworkPolicy"})
BOUNDS = frozenset({"ResourceQuota", "LimitRange"})
"""What only pods feel that are made later."""
ADDED = frozenset({"Service", "Ingress", "HTTPRoute", "RoleBinding", "Role", "ConfigMap"})
"""What does no harm by being there."""
_RUNNING = frozenset({CrashLoop.kind, OutOfMemory.kind})
_CONFIGURED = _RUNNING | {MissingConfiguration.kind}


def is_of_object(change: Change) -> bool:
    """Tell whether a change is of an object that belongs to no single workload."""
    return details.FATE in change.details and not change.is_posted


def is_loss(change: Change) -> bool:
    """Tell whether something is gone, or new and forbids."""
    fate = change.details.get(details.FATE)
    is_bound = change.subject.kind in FORBIDDING | BOUNDS
    return (fate == "deleted" and not is_bound) or (fate == "created" and change.subject.kind in FORBIDDING)


def object_names(change: Change, fault: Fault) -> bool:
    """Tell whether a fault names the very object that changed: its own mismatch, what is missing, a quota."""
    if not is_of_object(change) or fault.last < change.at - CLOCK_SLACK_S:
        return False
    subject, told = change.subject, fault.details
    if fault.subject == subject:
        return True
    if fault.subject.namespace != subject.namespace:
        return False
    is_missing = (subject.kind, subject.name) == (told.get(details.MISSING_KIND), told.get(details.MISSING_NAME))
    return is_missing or (subject.kind == "ResourceQuota" and told.get(details.QUOTA) == subject.name)


def object_explains(observed: Observations, change: Change, fault: Fault) -> bool:
    """Tell whether a fault may come of a change of an object that its pods feel."""
    if not is_of_object(change) or fault.is_posted:
        return False
    if object_names(change, fault):
        return True
    reach, analyzer = reach_of(change.details), registry.analyzer_of(fault)
    after_s = fault.first - change.at
    if reach is None or analyzer.is_state or after_s < -CLOCK_SLACK_S:
        return False
    if change.subject.kind in BOUNDS:
        return fault.kind == Refused.kind and details.QUOTA not in fault.details and after_s <= SOON_S
    is_running = fault.kind in _RUNNING or analyzer.follows_dependency
    if change.subject.kind == "ConfigMap":
        is_fitting = is_running or fault.kind == MissingConfiguration.kind
        return is_fitting and _reads_since(observed, change, fault, reach)
    return is_running and after_s <= SOON_S and change.subject.kind != "HorizontalPodAutoscaler"


def _reads_since(observed: Observations, change: Change, fault: Fault, reach: Reach) -> bool:
    """Tell whether failing pods read a ConfigMap since it changed: soon where it is mounted, else as they started."""
    pods = [pod for pod in pods_of_workload(observed, fault.subject) if pod.name in fault.pods and reach.holds(pod)]
    is_soon = fault.first - change.at <= MOUNTED_S
    return any((is_soon and pod.config_maps.get(reach.config_map, False)) or _has_started(pod, change) for pod in pods)


def _has_started(pod: PodView, change: Change) -> bool:
    """Tell whether a container of a pod may have started since a change: a pod is ready anew after a restart."""
    if max(pod.started_at, pod.created_at) >= change.at - STARTED_SLACK_S:
        return True
    return pod.restarts > 0 and (not pod.is_ready or pod.ready_changed_at >= change.at - STARTED_SLACK_S)


def not_felt(observed: Observations, change: Change) -> str:
    """Return why nobody feels a change of an object; empty where somebody may."""
    reach = reach_of(change.details)
    if not is_of_object(change) or reach is None:
        return ""
    pods = [pod for pod in observed.staying.get(change.service, []) if reach.holds(pod)]
    kind, fate = change.subject.kind, change.details[details.FATE]
    if kind in BOUNDS and not any(pod.created_at >= change.at for pod in pods):
        return "only new pods feel it, and none was made since"
    if kind in ADDED and fate == "created":
        return "it only came to be there"
    if kind == "ConfigMap" and pods and not any(_feels(pod, reach, fate, change) for pod in pods):
        return "its pods read it only as they start, and none has started since"
    return ""


def _feels(pod: PodView, reach: Reach, fate: str, change: Change) -> bool:
    """Tell whether a pod has read a ConfigMap since; what is mounted stays when its ConfigMap is deleted."""
    is_followed = pod.config_maps.get(reach.config_map, False) and fate != "deleted"
    return is_followed or _has_started(pod, change)
