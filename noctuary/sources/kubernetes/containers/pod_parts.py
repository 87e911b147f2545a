"""What is read of a pod around its containers, and what its conditions tell of its times."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import msgspec

from noctuary.kube.objects import Condition, ObjectMeta, Struct, seconds
from noctuary.sources.kubernetes.containers.faults import PodTimes
from noctuary.sources.kubernetes.containers.objects import Container, ContainerStatus

NEVER_READY_SLACK_S = 2.0
"""The kubelet dates a pod's start and its first condition in one go, to the second."""


MAX_CLAIMS = 100
"""Of one pod that are kept while it exists: nodes attach fewer."""
_CLAIM_WORDS = (b'"persistentVolumeClaim"', b'"ephemeral"')


class PodMeta(ObjectMeta):
    """The metadata of a pod; its deletion is dated to the end of its grace period."""

    deletion_grace_period_seconds: int = 0


class ClaimSource(Struct):
    """The PersistentVolumeClaim of a volume."""

    claim_name: str = ""


class Volume(Struct):
    """A volume of a pod; a generic ephemeral one has a claim of its own, named for pod and volume."""

    name: str = ""
    persistent_volume_claim: ClaimSource | None = None
    ephemeral: msgspec.Raw = msgspec.Raw(b"")


class PodSpec(Struct):
    """What a pod asks for; its volumes stay raw until somebody asks for its claims."""

    node_name: str = ""
    containers: list[Container] = msgspec.field(default_factory=list)
    init_containers: list[Container] = msgspec.field(default_factory=list)
    volumes: msgspec.Raw = msgspec.Raw(b"[]")


class PodStatus(Struct):
    """What a pod reached; of ephemeral containers, which only debug, nothing is read."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    conditions: list[Condition] = msgspec.field(default_factory=list)
    container_statuses: list[ContainerStatus] = msgspec.field(default_factory=list)
    init_container_statuses: list[ContainerStatus] = msgspec.field(default_factory=list)


def condition_of(status: PodStatus, kind: str) -> Condition | None:
    """Return a condition by its type; None where it was not set yet."""
    for condition in status.conditions:
        if condition.type == kind:
            return condition
    return None


def claims_of(pod_name: str, volumes: msgspec.Raw) -> tuple[str, ...]:
    """Return the names of the PersistentVolumeClaims that a pod mounts; most pods mount none."""
    raw = bytes(volumes)
    return tuple(islice(_claims(pod_name, volumes), MAX_CLAIMS)) if any(word in raw for word in _CLAIM_WORDS) else ()


def _claims(pod_name: str, volumes: msgspec.Raw) -> Iterator[str]:
    for volume in msgspec.json.decode(volumes, type=list[Volume]):
        if volume.persistent_volume_claim is not None:
            yield volume.persistent_volume_claim.claim_name
        elif bytes(volume.ephemeral):
            yield f"{pod_name}-{volume.name}"


def was_never_ready(metadata: PodMeta, status: PodStatus) -> bool:
    """Return whether a pod is unready since it was started: a condition is dated anew whenever it turns."""
    ready = condition_of(status, "Ready")
    if ready is None:
        return True
    started = status.start_time or metadata.creation_timestamp
    if ready.status == "True" or ready.last_transition_time is None or started is None:
        return False
    return seconds(ready.last_transition_time) <= seconds(started) + NEVER_READY_SLACK_S


def leaving_since(metadata: PodMeta, status: PodStatus) -> float:
    """Return when a pod's end was asked for, by a deletion or by what disrupts it; 0: it was not."""
    asked = seconds(metadata.deletion_timestamp) - metadata.deletion_grace_period_seconds
    target = condition_of(status, "DisruptionTarget")
    if target is None or target.status != "True":
        return asked if metadata.deletion_timestamp is not None else 0.0
    disrupted = seconds(target.last_transition_time)
    return min(asked, disrupted) if metadata.deletion_timestamp is not None else disrupted


def times_of(metadata: PodMeta, status: PodStatus) -> PodTimes:
    """Return what the faults of a pod's containers are dated by."""
    scheduled, ready = condition_of(status, "PodScheduled"), condition_of(status, "Ready")
    bound_at = seconds(scheduled.last_transition_time) if scheduled is not None else 0.0
    return PodTimes(
        scheduled_at=bound_at or seconds(status.start_time) or seconds(metadata.creation_timestamp),
        unready_since=seconds(ready.last_transition_time) if ready is not None and ready.status != "True" else 0.0,
        leaving_since=leaving_since(metadata, status),
        is_ended=status.phase == "Failed" and bool(status.reason),
    )
