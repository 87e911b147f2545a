"""Pods: which service each belongs to, and what is wrong with it, read from its status."""

from collections.abc import Iterator
from itertools import chain

import msgspec

from noctuary.kube.objects import KubeObject, controller_of, seconds
from noctuary.kube.odd import each_understood
from noctuary.kube.reflector import ChangeType
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef
from noctuary.models.diagnosis import PodView
from noctuary.sources.kubernetes.containers.faults import ContainerFaults
from noctuary.sources.kubernetes.containers.objects import Container, asked_for, container_roles, probe_targets
from noctuary.sources.kubernetes.containers.pod_parts import (
    PodMeta,
    PodSpec,
    PodStatus,
    claims_of,
    condition_of,
    leaving_since,
    times_of,
    was_never_ready,
)
from noctuary.sources.kubernetes.draft import draft
from noctuary.sources.kubernetes.fault_words import UNSCHEDULABLE, constraint, evicted_container, pressure
from noctuary.sources.kubernetes.identity import PodIdentity, kept_labels, pod_workload, service_of, template_hash_of
from noctuary.sources.kubernetes.rollouts.workloads import Key
from noctuary.sources.kubernetes.sinks import FaultSink
from noctuary.sources.kubernetes.watched_kind import CORE, SinkContext, WatchedKind

DISRUPTIONS = {"PreemptionByScheduler": "Preempted", "DeletionByTaintManager": "TaintManagerEviction"}
"""Why a pod had to go, by the condition DisruptionTarget; a drain is somebody's will, other ends have a phase."""
_KEEPS_FAILED = frozenset({"Pod", "Job", "CronJob"})
"""A failed pod of any other workload is replaced, and only lies about."""


class Pod(KubeObject):
    """core/v1 Pod."""

    metadata: PodMeta
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


class PodSink(FaultSink[Pod]):
    """Reports the faults of pods, and keeps which service each pod belongs to."""

    def __init__(self, context: SinkContext) -> None:
        super().__init__(context.queue, lambda pod: pod_faults(pod, context.with_owner(self._identities[_key(pod)])))
        self._identities = context.pods

    def on_list(self, objects: list[Pod]) -> None:
        """Handle the complete list."""
        self._identities.clear()
        self._identities.update(each_understood(objects, lambda pod: (_key(pod), identify_pod(pod))))
        super().on_list(objects)

    def on_event(self, change: ChangeType, obj: Pod) -> None:
        """Handle one change."""
        key = _key(obj)
        self._identities[key] = identify_pod(obj, self._identities.get(key))
        super().on_event(change, obj)

    def forget(self, obj: Pod) -> None:
        """Forget a pod that is gone."""
        self._identities.pop(_key(obj), None)
        super().forget(obj)


PODS = WatchedKind(api=CORE, resource="pods", kind=Pod, make_sink=PodSink)


def _key(pod: Pod) -> Key:
    return pod.metadata.namespace, pod.metadata.uid


def identify_pod(pod: Pod, known: PodIdentity | None = None) -> PodIdentity:
    """Return whose a pod is, as far as the pod itself tells; its containers and volumes never change once `known`."""
    metadata, spec = pod.metadata, pod.spec
    kind, name = pod_workload(metadata)
    labels = metadata.labels
    ref = ObjectRef(
        kind="Pod",
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        workload_kind=kind,
        workload_name=name,
        node=spec.node_name,
        labels=kept_labels(labels),
    )
    return PodIdentity(
        ref,
        service_of(metadata.annotations, labels, name),
        template_hash_of(labels),
        known.probes if known else probe_targets(_containers(pod)),
        owner_uid=owner.uid if (owner := controller_of(metadata)) else "",
        roles=known.roles if known else container_roles(spec.containers, spec.init_containers),
        claims=known.claims if known else claims_of(metadata.name, spec.volumes),
        never_ready=was_never_ready(metadata, pod.status),
        leaving_since=leaving_since(metadata, pod.status),
    )


def describe_pod(pod: Pod, identity: PodIdentity | None = None) -> PodView:
    """Return a pod as correlation reads it; `identity` where more is known of its owner than the pod tells."""
    identity = identity or identify_pod(pod)
    return PodView(
        namespace=identity.ref.namespace,
        name=identity.ref.name,
        workload=identity.ref.workload_name,
        template_hash=identity.template_hash,
        node=identity.ref.node,
        is_ready=is_ready(pod),
        labels=identity.ref.labels,
        started_at=seconds(pod.status.start_time),
        restarts=sum(status.restart_count for status in pod.status.container_statuses),
        workload_kind=identity.ref.workload_kind,
        created_at=seconds(pod.metadata.creation_timestamp),
        ready_changed_at=ready_changed_at(pod),
        is_leaving=is_leaving(pod, identity.ref.workload_kind),
        service=identity.service_name,
    )


def is_ready(pod: Pod) -> bool:
    """Return whether a pod receives traffic."""
    condition = condition_of(pod.status, "Ready")
    return condition is not None and condition.status == "True"


def ready_changed_at(pod: Pod) -> float:
    """Return when a pod last became ready or unready; 0: not known."""
    condition = condition_of(pod.status, "Ready")
    return seconds(condition.last_transition_time) if condition is not None else 0.0


def is_leaving(pod: Pod, workload_kind: str) -> bool:
    """Return whether a pod counts no more: it is being deleted, is done, or failed and is replaced."""
    if pod.metadata.deletion_timestamp is not None or pod.status.phase == "Succeeded":
        return True
    return pod.status.phase == "Failed" and workload_kind not in _KEEPS_FAILED


def pod_faults(pod: Pod, identity: PodIdentity | None = None) -> list[ContextEvent]:
    """Return an event for each thing that is wrong with a pod, or that made its containers restart."""
    identity = identity or identify_pod(pod)
    events = [*_pod_level(pod, identity)]
    for status in chain(pod.status.init_container_statuses, pod.status.container_statuses):
        if status.may_be_faulty:
            spec = next((each for each in _containers(pod) if each.name == status.name), None)
            events += ContainerFaults(identity, status, spec, times_of(pod.metadata, pod.status)).events()
    return events


def _containers(pod: Pod) -> Iterator[Container]:
    return chain(pod.spec.containers, pod.spec.init_containers)


def _pod_level(pod: Pod, identity: PodIdentity) -> Iterator[ContextEvent]:
    scheduled = condition_of(pod.status, "PodScheduled")
    if scheduled is not None and scheduled.status == "False" and scheduled.reason == "Unschedulable":
        yield draft(
            identity.ref,
            identity.service_name,
            EventType.SATURATION,
            key=UNSCHEDULABLE,
            at=seconds(scheduled.last_transition_time) or seconds(pod.metadata.creation_timestamp),
            new_value=UNSCHEDULABLE,
            old_value=constraint(scheduled.message),
            extra=identity.extra()
            | {
                details.REASON: UNSCHEDULABLE,
                details.MESSAGE: scheduled.message,
                details.CLAIM: identity.only_claim,
                details.ASKS: asked_for(pod.spec.containers),
            },
        )
    if pod.status.phase == "Failed" and pod.status.reason:
        turned = [seconds(condition.last_transition_time) for condition in pod.status.conditions]
        at = max([*turned, seconds(pod.status.start_time), seconds(pod.metadata.creation_timestamp)])
        yield _ended(identity, pod.status.reason, pod.status.message, at)
        return
    target = condition_of(pod.status, "DisruptionTarget") if identity.leaving_since else None
    if target is not None and target.status == "True" and (reason := DISRUPTIONS.get(target.reason)):
        yield _ended(identity, reason, target.message, seconds(target.last_transition_time))


def _ended(identity: PodIdentity, reason: str, message: str, at: float) -> ContextEvent:
    """Make the event of a pod that was ended from outside: Evicted, Preempted, NodeLost, ..."""
    container = evicted_container(message)
    return draft(
        identity.ref,
        identity.service_name,
        EventType.RESTART,
        key=reason,
        at=at,
        new_value=reason,
        old_value=pressure(message),
        extra=identity.extra()
        | {
            details.REASON: reason,
            details.MESSAGE: message,
            details.CONTAINER: container,
            details.CONTAINER_ROLE: identity.roles.get(container, ""),
        },
    )
