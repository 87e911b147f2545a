"""What waits for a part of the control plane that does nothing: no Event tells it, since who would write it is down."""

from collections.abc import Iterator

from noctuary.analyzers.resources.control_plane import GATED, NO_CONTROLLER, NO_KUBELET, NO_SCHEDULER
from noctuary.kube.objects import seconds
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.sources.kubernetes.containers.pod_parts import condition_of
from noctuary.sources.kubernetes.live_namespace import Member
from noctuary.sources.kubernetes.rollouts.writes import REPLICAS_FIELD, TEMPLATE_FIELD, last_write
from noctuary.sources.kubernetes.specs.place import Place
from noctuary.sources.kubernetes.specs.pods import DEFAULT_SCHEDULER
from noctuary.sources.kubernetes.specs.resources.telling import Workload, of_pod, of_workload, unready_pods, workloads

SILENT_S = 30.0
"""A scheduler and a controller answer within a second or two, also right after they were elected anew."""
KUBELET_S = 60.0
"""A kubelet starts a pod within seconds; one that is busy with many takes longer."""


def silent_controllers(place: Place) -> Iterator[ContextEvent]:
    """Yield each pod and workload that nobody acts upon."""
    for member in unready_pods(place):
        reason, at = _waits_for(place, member)
        if reason:
            spec = member.pod.spec
            other = spec.scheduler_name if spec.scheduler_name != DEFAULT_SCHEDULER else ""
            gate = next((each.name for each in spec.scheduling_gates), "")
            yield of_pod(place, member, reason, at, {details.SCHEDULER: other, details.GATE: gate})
    for workload in workloads(place):
        if (at := _unobserved_since(workload)) and place.now - at > SILENT_S:
            yield of_workload(place, workload, NO_CONTROLLER, at, {})


def _waits_for(place: Place, member: Member) -> tuple[str, float]:
    """Return what a pod waits for, and since when; empty where something else tells why it is not ready."""
    pod = member.pod
    made = seconds(pod.metadata.creation_timestamp)
    if pod.metadata.deletion_timestamp is not None or pod.status.phase != "Pending" or not made:
        return "", 0.0
    if pod.spec.node_name:
        scheduled = condition_of(pod.status, "PodScheduled")
        at = seconds(scheduled.last_transition_time) if scheduled is not None else made
        is_begun = pod.status.start_time is not None or pod.status.container_statuses
        return (NO_KUBELET, at) if not is_begun and place.now - at > KUBELET_S else ("", 0.0)
    if pod.spec.scheduling_gates:
        return (GATED, made) if place.now - made > SILENT_S else ("", 0.0)
    is_tried = condition_of(pod.status, "PodScheduled") is not None
    return (NO_SCHEDULER, made) if not is_tried and place.now - made > SILENT_S else ("", 0.0)


def _unobserved_since(workload: Workload) -> float:
    """Return since when a changed spec was not taken note of; 0 where it was, or nobody knows since when."""
    obj = workload.obj
    if obj.status.observed_generation >= obj.metadata.generation:
        return 0.0
    writes = (last_write(obj.metadata, field).at for field in (TEMPLATE_FIELD, REPLICAS_FIELD))
    return max(*writes, seconds(obj.metadata.creation_timestamp))
