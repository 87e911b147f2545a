"""Quotas, claims, autoscalers, jobs and the like: only the fields that a check reads."""

from datetime import datetime
from typing import Any

import msgspec

from noctuary.kube.objects import Condition, KubeObject, ObjectMeta, PodTemplate, Struct, WorkloadMeta
from noctuary.sources.kubernetes.specs.objects import SpecObject

Quantities = dict[str, Any]
"""Quantities by resource, as they are written: text, or a bare number."""


class ResourceQuotaSpec(Struct):
    """What a namespace may use; with scopes it counts some pods only."""

    hard: Quantities = msgspec.field(default_factory=dict)
    scopes: list[str] = msgspec.field(default_factory=list)
    scope_selector: msgspec.Raw = msgspec.Raw(b"")


class ResourceQuotaStatus(Struct):
    """What it may use as the controller last saw it, and what it uses."""

    hard: Quantities = msgspec.field(default_factory=dict)
    used: Quantities = msgspec.field(default_factory=dict)


class ResourceQuota(SpecObject):
    """core/v1 ResourceQuota."""

    spec: ResourceQuotaSpec = msgspec.field(default_factory=ResourceQuotaSpec)
    status: ResourceQuotaStatus = msgspec.field(default_factory=ResourceQuotaStatus)


class LimitRangeItem(Struct):
    """What one container, pod or claim may ask for, and what it gets when it asks for nothing."""

    type: str = ""
    max: Quantities = msgspec.field(default_factory=dict)
    min: Quantities = msgspec.field(default_factory=dict)
    default: Quantities = msgspec.field(default_factory=dict)
    default_request: Quantities = msgspec.field(default_factory=dict)


class LimitRangeSpec(Struct):
    """All limits of a LimitRange."""

    limits: list[LimitRangeItem] = msgspec.field(default_factory=list)


class LimitRange(SpecObject):
    """core/v1 LimitRange."""

    spec: LimitRangeSpec = msgspec.field(default_factory=LimitRangeSpec)


class ClaimResources(Struct):
    """How much a claim asks for."""

    requests: Quantities = msgspec.field(default_factory=dict)


class LabelSelector(Struct):
    """Which volumes a claim takes; expressions stay raw, since whoever has some is not second-guessed."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: msgspec.Raw = msgspec.Raw(b"")


class ClaimSpec(Struct):
    """What volume a claim wants; without a class's name the default class makes it, with an empty one none does."""

    storage_class_name: str | None = None
    access_modes: list[str] = msgspec.field(default_factory=list)
    volume_name: str = ""
    volume_mode: str = "Filesystem"
    resources: ClaimResources = msgspec.field(default_factory=ClaimResources)
    selector: LabelSelector | None = None


class ClaimStatus(Struct):
    """Whether it has a volume."""

    phase: str = ""
    conditions: list[Condition] = msgspec.field(default_factory=list)


class Claim(SpecObject):
    """core/v1 PersistentVolumeClaim."""

    spec: ClaimSpec = msgspec.field(default_factory=ClaimSpec)
    status: ClaimStatus = msgspec.field(default_factory=ClaimStatus)


class StorageClass(KubeObject):
    """storage.k8s.io/v1 StorageClass."""

    metadata: ObjectMeta
    provisioner: str = ""
    volume_binding_mode: str = "Immediate"


class ClaimRef(Struct):
    """The claim that has a volume, or for which it is kept."""

    namespace: str = ""
    name: str = ""
    uid: str = ""


class VolumeSpec(Struct):
    """What a volume offers."""

    storage_class_name: str = ""
    access_modes: list[str] = msgspec.field(default_factory=list)
    capacity: Quantities = msgspec.field(default_factory=dict)
    volume_mode: str = "Filesystem"
    claim_ref: ClaimRef | None = None


class VolumeStatus(Struct):
    """Whether it may be taken."""

    phase: str = ""


class PersistentVolume(KubeObject):
    """core/v1 PersistentVolume."""

    metadata: ObjectMeta
    spec: VolumeSpec = msgspec.field(default_factory=VolumeSpec)
    status: VolumeStatus = msgspec.field(default_factory=VolumeStatus)


class ScaleTarget(Struct):
    """What an autoscaler scales."""

    kind: str = ""
    name: str = ""


class AutoscalerSpec(Struct):
    """Between how many pods an autoscaler decides."""

    scale_target_ref: ScaleTarget = msgspec.field(default_factory=ScaleTarget)
    min_replicas: int = 1
    max_replicas: int = 0


class AutoscalerStatus(Struct):
    """What it decided, and why it could not do more."""

    current_replicas: int = 0
    desired_replicas: int = 0
    conditions: list[Condition] = msgspec.field(default_factory=list)


class Autoscaler(SpecObject):
    """autoscaling/v2 HorizontalPodAutoscaler."""

    spec: AutoscalerSpec = msgspec.field(default_factory=AutoscalerSpec)
    status: AutoscalerStatus = msgspec.field(default_factory=AutoscalerStatus)


class BudgetStatus(Struct):
    """How many pods may go."""

    observed_generation: int = 0
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0


class BudgetSpec(Struct):
    """Which pods it protects."""

    selector: LabelSelector | None = None
    max_unavailable: int | str | None = None
    min_available: int | str | None = None


class DisruptionBudget(SpecObject):
    """policy/v1 PodDisruptionBudget."""

    spec: BudgetSpec = msgspec.field(default_factory=BudgetSpec)
    status: BudgetStatus = msgspec.field(default_factory=BudgetStatus)


class JobSpec(Struct):
    """What a Job runs, and how often it tries."""

    template: PodTemplate = msgspec.field(default_factory=PodTemplate)
    suspend: bool = False
    backoff_limit: int = 6
    active_deadline_seconds: int = 0


class JobStatus(Struct):
    """How it ended."""

    conditions: list[Condition] = msgspec.field(default_factory=list)
    start_time: datetime | None = None
    completion_time: datetime | None = None
    active: int = 0
    failed: int = 0


class BatchJob(SpecObject):
    """batch/v1 Job."""

    spec: JobSpec = msgspec.field(default_factory=JobSpec)
    status: JobStatus = msgspec.field(default_factory=JobStatus)


class JobTemplate(Struct):
    """The Jobs that a CronJob makes."""

    spec: JobSpec = msgspec.field(default_factory=JobSpec)


class CronJobSpec(Struct):
    """When it makes Jobs."""

    schedule: str = ""
    suspend: bool = False
    concurrency_policy: str = "Allow"
    job_template: JobTemplate = msgspec.field(default_factory=JobTemplate)


class CronJobStatus(Struct):
    """When it last made one."""

    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    active: list[Any] = msgspec.field(default_factory=list)


class CronJob(SpecObject):
    """batch/v1 CronJob."""

    spec: CronJobSpec = msgspec.field(default_factory=CronJobSpec)
    status: CronJobStatus = msgspec.field(default_factory=CronJobStatus)


class ServiceAccount(KubeObject):
    """core/v1 ServiceAccount."""

    metadata: WorkloadMeta
