"""Pods: which service each belongs to, and what is wrong with it, read from its status."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

import msgspec

from noctuary.kube.objects import Condition, KubeObject, Struct, seconds
from noctuary.kube.reflector import ChangeType
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.sources.kubernetes.containers import (
    Container,
    ContainerFaults,
    ContainerStatus,
    PodTimes,
    probe_targets,
)
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.fault_words import UNSCHEDULABLE, constraint, pressure
from noctuary.sources.kubernetes.identity import (
    POD_HASH_LABEL,
    REVISION_HASH_LABEL,
    PodIdentity,
    pod_workload,
    service_of,
)
from noctuary.sources.kubernetes.sinks import FaultSink
from noctuary.sources.kubernetes.watched_kind import CORE, SinkContext, WatchedKind


class PodSpec(Struct):
    """What a pod asks for."""

    node_name: str = ""
    containers: list[Container] = msgspec.field(default_factory=list)
    init_containers: list[Container] = msgspec.field(default_factory=list)


class PodStatus(Struct):
    """What a pod reached."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    conditions: list[Condition] = msgspec.field(default_factory=list)
    container_statuses: list[ContainerStatus] = msgspec.field(default_factory=list)
    init_container_statuses: list[ContainerStatus] = msgspec.field(default_factory=list)


class Pod(KubeObject):
    """core/v1 Pod."""

    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


class PodSink(FaultSink[Pod]):
    """Reports the faults of pods, and keeps which service each pod belongs to."""

    def __init__(self, context: SinkContext) -> None:
        super().__init__(context.queue, pod_faults)
        self._identities = context.pods

    def on_list(self, objects: list[Pod]) -> None:
        """Handle the complete list."""
        self._identities.clear()
        self._identities.update({pod.metadata.uid: identify_pod(pod) for pod in objects})
        super().on_list(objects)

    def on_event(self, change: ChangeType, obj: Pod) -> None:
        """Handle one change."""
        if change == "DELETED":
            self._identities.pop(obj.metadata.uid, None)
        else:
            self._identities[obj.metadata.uid] = identify_pod(obj)
        super().on_event(change, obj)


PODS = WatchedKind(api=CORE, resource="pods", kind=Pod, make_sink=PodSink)


def identify_pod(pod: Pod) -> PodIdentity:
    """Return which service, workload and template a pod belongs to."""
    kind, name = pod_workload(pod.metadata)
    labels = pod.metadata.labels
    ref = ObjectRef(
        kind="Pod",
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        uid=pod.metadata.uid,
        workload_kind=kind,
        workload_name=name,
        node=pod.spec.node_name,
        labels=labels,
    )
    service = service_of(pod.metadata.annotations, labels, name or pod.metadata.name)
    template_hash = labels.get(POD_HASH_LABEL) or labels.get(REVISION_HASH_LABEL, "")
    return PodIdentity(ref, service, template_hash, probe_targets(_containers(pod)))


def is_ready(pod: Pod) -> bool:
    """Return whether a pod receives traffic."""
    condition = _condition(pod, "Ready")
    return condition is not None and condition.status == "True"


def pod_faults(pod: Pod) -> list[ContextEvent]:
    """Return an event for each thing that is wrong with a pod, or that made its containers restart."""
    identity = identify_pod(pod)
    events = [*_pod_level(pod, identity)]
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if status.may_be_faulty:
            spec = next((each for each in _containers(pod) if each.name == status.name), None)
            events += ContainerFaults(identity, status, spec, _times(pod)).events()
    return events


def _containers(pod: Pod) -> Iterator[Container]:
    return chain(pod.spec.containers, pod.spec.init_containers)


def _condition(pod: Pod, kind: str) -> Condition | None:
    return next((condition for condition in pod.status.conditions if condition.type == kind), None)


def _times(pod: Pod) -> PodTimes:
    scheduled, ready = _condition(pod, "PodScheduled"), _condition(pod, "Ready")
    bound_at = seconds(scheduled.last_transition_time) if scheduled is not None else 0.0
    return PodTimes(
        scheduled_at=bound_at or seconds(pod.status.start_time) or seconds(pod.metadata.creation_timestamp),
        unready_since=seconds(ready.last_transition_time) if ready is not None and ready.status != "True" else 0.0,
        is_leaving=pod.metadata.deletion_timestamp is not None,
    )


def _pod_level(pod: Pod, identity: PodIdentity) -> Iterator[ContextEvent]:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.status == "False" and scheduled.reason == "Unschedulable":
        yield draft(
            identity.ref,
            identity.service_name,
            EventType.SATURATION,
            key=UNSCHEDULABLE,
            at=seconds(scheduled.last_transition_time) or seconds(pod.metadata.creation_timestamp),
            new_value=UNSCHEDULABLE,
            old_value=constraint(scheduled.message),
            extra=identity.extra() | {details.REASON: UNSCHEDULABLE, details.MESSAGE: scheduled.message},
        )
    if pod.status.phase == "Failed" and pod.status.reason:
        yield _ended(pod, identity)


def _ended(pod: Pod, identity: PodIdentity) -> ContextEvent:
    """Make the event of a pod that was ended from outside: Evicted, Preempting, NodeLost, ..."""
    reason, message = pod.status.reason, pod.status.message
    turned = [seconds(condition.last_transition_time) for condition in pod.status.conditions]
    return draft(
        identity.ref,
        identity.service_name,
        EventType.RESTART,
        key=reason,
        at=max([*turned, seconds(pod.status.start_time), seconds(pod.metadata.creation_timestamp)]),
        new_value=reason,
        old_value=pressure(message),
        extra=identity.extra() | {details.REASON: reason, details.MESSAGE: message},
    )
