"""ResourceQuotas: how much a namespace may use."""

from typing import Any

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.facts import Facts, called, opaque, plain
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes
from noctuary.sources.kubernetes.watched_kind import CORE


class QuotaSpec(Struct):
    """The limits; how much is used is its status, which is not read."""

    hard: dict[str, Any] = msgspec.field(default_factory=dict)
    scopes: Any = None
    scope_selector: Any = None


class ResourceQuota(ChangedObject):
    """core/v1 ResourceQuota."""

    spec: QuotaSpec = msgspec.field(default_factory=QuotaSpec)


def quota_facts(obj: ResourceQuota) -> Facts:
    """Return how much of what may be used."""
    limits = {called("hard", name): plain(value) for name, value in obj.spec.hard.items()}
    return {"scopes": opaque([obj.spec.scopes, obj.spec.scope_selector]), **limits}


def quota_reach(_obj: ResourceQuota) -> Reach:
    """Return every pod of the namespace."""
    return Reach(is_whole=True)


RESOURCE_QUOTAS = watch_changes(
    CORE, "resourcequotas", ResourceQuota, ChangeKind(quota_facts, quota_reach, restricts=True)
)
