"""Kubernetes objects as we read them: only the fields that say what changed or what is wrong."""

from datetime import datetime
from typing import Any

import msgspec


class Struct(msgspec.Struct, rename="camel", omit_defaults=True):
    """The base of all objects: unknown fields are skipped without being decoded."""


class OwnerReference(Struct):
    """Who made an object."""

    kind: str
    name: str
    uid: str = ""
    controller: bool = False


class ManagedFields(Struct):
    """Which manager last wrote which fields; the fields stay raw until somebody asks."""

    manager: str = ""
    time: datetime | None = None
    subresource: str = ""
    fields_v1: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"{}"), name="fieldsV1")


class ObjectMeta(Struct):
    """The metadata of any object."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[OwnerReference] = []


class WorkloadMeta(ObjectMeta):
    """The metadata of a workload, with who wrote what."""

    managed_fields: list[ManagedFields] = []


class TemplateMeta(Struct):
    """The metadata of a pod template."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class PodTemplate(Struct):
    """A pod template; its spec stays raw until two of them are compared."""

    metadata: TemplateMeta = msgspec.field(default_factory=TemplateMeta)
    spec: msgspec.Raw = msgspec.Raw(b"{}")


class WorkloadSpec(Struct):
    """What a Deployment, StatefulSet, DaemonSet or ReplicaSet asks for; `replicas` is None for a DaemonSet."""

    template: PodTemplate = msgspec.field(default_factory=PodTemplate)
    replicas: int | None = None


class WorkloadStatus(Struct):
    """What a workload reached; DaemonSets and the others count under different names."""

    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    current_revision: str = ""
    update_revision: str = ""
    desired_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0


class _Workload(Struct):
    metadata: WorkloadMeta
    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)
    status: WorkloadStatus = msgspec.field(default_factory=WorkloadStatus)


class Deployment(_Workload):
    """apps/v1 Deployment."""


class StatefulSet(_Workload):
    """apps/v1 StatefulSet."""


class DaemonSet(_Workload):
    """apps/v1 DaemonSet."""


Workload = Deployment | StatefulSet | DaemonSet


class ReplicaSet(Struct):
    """apps/v1 ReplicaSet: one revision of a Deployment."""

    metadata: ObjectMeta
    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)


class Terminated(Struct):
    """How a container ended."""

    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class Waiting(Struct):
    """Why a container does not run yet."""

    reason: str = ""
    message: str = ""


class Running(Struct):
    """Since when a container runs."""

    started_at: datetime | None = None


class ContainerState(Struct):
    """One of three states."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct):
    """One container as the kubelet sees it."""

    name: str
    image: str = ""
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    last_state: ContainerState = msgspec.field(default_factory=ContainerState)


class Condition(Struct):
    """A condition of a pod or node."""

    type: str
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class Resources(Struct):
    """Limits of a container, as quantities."""

    limits: dict[str, Any] = {}


class HttpGet(Struct):
    """A probe that asks for a page."""

    path: str = "/"


class PortAction(Struct):
    """A probe that connects to a port, given by number or name."""

    port: int | str = ""


class ExecAction(Struct):
    """A probe that runs a command."""

    command: list[str] = []


class Probe(Struct):
    """How a container is asked whether it is well; one of the four ways is there."""

    http_get: HttpGet | None = None
    tcp_socket: PortAction | None = None
    grpc: PortAction | None = None
    exec: ExecAction | None = None


class Container(Struct):
    """One container of a pod's spec."""

    name: str
    image: str = ""
    resources: Resources = msgspec.field(default_factory=Resources)
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None


class PodSpec(Struct):
    """What a pod asks for."""

    node_name: str = ""
    containers: list[Container] = []
    init_containers: list[Container] = []


class PodStatus(Struct):
    """What a pod reached."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []


class Pod(Struct):
    """core/v1 Pod."""

    metadata: ObjectMeta
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


class NodeStatus(Struct):
    """What a node reports."""

    conditions: list[Condition] = []


class Node(Struct):
    """core/v1 Node."""

    metadata: ObjectMeta
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


class ObjectReference(Struct):
    """What an Event is about."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class EventSeries(Struct):
    """How often an Event came again."""

    count: int = 0
    last_observed_time: datetime | None = None


class EventSource(Struct):
    """The component that reported an Event."""

    component: str = ""


class Event(Struct):
    """core/v1 Event, in the old form (count, lastTimestamp) and the new (series, eventTime)."""

    metadata: ObjectMeta
    involved_object: ObjectReference = msgspec.field(default_factory=ObjectReference)
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 0
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: EventSeries | None = None
    source: EventSource = msgspec.field(default_factory=EventSource)
    reporting_component: str = ""


def seconds(time: datetime | None) -> float:
    """Return a time in seconds since the epoch, 0 where there is none."""
    return time.timestamp() if time is not None else 0.0


def controller_of(metadata: ObjectMeta) -> OwnerReference | None:
    """Return the owner that controls an object."""
    return next((owner for owner in metadata.owner_references if owner.controller), None)
