"""What several kinds of Kubernetes objects have in common: only the fields that we read."""

import re
from datetime import datetime

import msgspec

from noctuary.common.words import is_kind, is_subdomain

_UID = re.compile(r"[A-Za-z0-9._:-]{0,128}")
_API_VERSION = re.compile(r"([a-z0-9.-]{1,253}/)?[a-z0-9]{0,63}")


class Struct(msgspec.Struct, rename="camel", omit_defaults=True):
    """The base of all objects: unknown fields are skipped without being decoded."""


class OwnerReference(Struct):
    """Who made an object."""

    kind: str
    name: str
    uid: str = ""
    controller: bool = False
    api_version: str = ""


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


class KubeObject(Struct):
    """Any object."""

    metadata: ObjectMeta


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


class RollingUpdate(Struct):
    """How pods are replaced; the pods of a StatefulSet below `partition` are not."""

    partition: int = 0


class UpdateStrategy(Struct):
    """Whether a StatefulSet or DaemonSet replaces its pods itself."""

    type: str = ""
    rolling_update: RollingUpdate | None = None


class WorkloadSpec(Struct):
    """What a Deployment, StatefulSet, DaemonSet or ReplicaSet asks for; `replicas` is None for a DaemonSet."""

    template: PodTemplate = msgspec.field(default_factory=PodTemplate)
    replicas: int | None = None
    update_strategy: UpdateStrategy | None = None
    paused: bool = False
    pod_management_policy: str = ""


class WorkloadCondition(Struct):
    """A condition of a Deployment: when it was last updated shows its last progress."""

    type: str
    last_update_time: datetime | None = None
    last_transition_time: datetime | None = None
    status: str = ""
    reason: str = ""
    message: str = ""


class WorkloadStatus(Struct):
    """What a workload reached; only StatefulSets name the revision that they update to.

    StatefulSets count `replicas`, DaemonSets `number_scheduled`.
    """

    observed_generation: int = 0
    current_revision: str = ""
    update_revision: str = ""
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    conditions: list[WorkloadCondition] = []


class WorkloadObject(KubeObject):
    """A Deployment, StatefulSet or DaemonSet."""

    metadata: WorkloadMeta
    spec: WorkloadSpec = msgspec.field(default_factory=WorkloadSpec)
    status: WorkloadStatus = msgspec.field(default_factory=WorkloadStatus)


class Condition(Struct):
    """A condition of an object."""

    type: str
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


def seconds(time: datetime | None) -> float:
    """Return a time in seconds since the epoch, 0 where there is none."""
    return time.timestamp() if time is not None else 0.0


def controller_of(metadata: ObjectMeta) -> OwnerReference | None:
    """Return the owner that controls an object; the API server takes any words for one, of which most are none."""
    return next((owner for owner in metadata.owner_references if owner.controller and _can_be(owner)), None)


def _can_be(owner: OwnerReference) -> bool:
    return (
        is_kind(owner.kind)
        and is_subdomain(owner.name)
        and _UID.fullmatch(owner.uid) is not None
        and _API_VERSION.fullmatch(owner.api_version) is not None
    )
