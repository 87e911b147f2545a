"""The kinds that bound, feed and start pods: listed once per namespace, two of the cluster only where a claim waits."""

from typing import Any

from noctuary.sources.kubernetes.specs.kinds import SpecKind
from noctuary.sources.kubernetes.specs.resources.objects import (
    Autoscaler,
    BatchJob,
    Claim,
    CronJob,
    DisruptionBudget,
    LimitRange,
    PersistentVolume,
    ResourceQuota,
    ServiceAccount,
    StorageClass,
)
from noctuary.sources.kubernetes.watched_kind import CORE

QUOTAS = SpecKind(CORE, "resourcequotas", ResourceQuota)
LIMIT_RANGES = SpecKind(CORE, "limitranges", LimitRange)
CLAIMS = SpecKind(CORE, "persistentvolumeclaims", Claim)
ACCOUNTS = SpecKind(CORE, "serviceaccounts", ServiceAccount)
AUTOSCALERS = SpecKind("/apis/autoscaling/v2", "horizontalpodautoscalers", Autoscaler)
BUDGETS = SpecKind("/apis/policy/v1", "poddisruptionbudgets", DisruptionBudget)
JOBS = SpecKind("/apis/batch/v1", "jobs", BatchJob)
CRON_JOBS = SpecKind("/apis/batch/v1", "cronjobs", CronJob)
RESOURCE_KINDS: tuple[SpecKind[Any], ...] = (
    QUOTAS,
    CLAIMS,
    AUTOSCALERS,
    ACCOUNTS,
    LIMIT_RANGES,
    CRON_JOBS,
    JOBS,
    BUDGETS,
)
"""In the order in which they are asked for."""
CLASSES = SpecKind("/apis/storage.k8s.io/v1", "storageclasses", StorageClass)
VOLUMES = SpecKind(CORE, "persistentvolumes", PersistentVolume)
VOLUME_KINDS: tuple[SpecKind[Any], ...] = (CLASSES, VOLUMES)
"""Of the whole cluster: asked for only where a claim of the namespace has no volume."""
