"""LimitRanges: what each new pod may ask for, and what it asks for where it says nothing."""

from typing import Any

import msgspec

from noctuary.kube.objects import Struct
from noctuary.models.reaching.reach import Reach
from noctuary.sources.kubernetes.changes.facts import Facts, called, plain
from noctuary.sources.kubernetes.changes.objects import ChangedObject
from noctuary.sources.kubernetes.changes.sink import ChangeKind, watch_changes
from noctuary.sources.kubernetes.watched_kind import CORE


class Limit(Struct):
    """The bounds of one type of object, by what is bounded."""

    type: str = ""
    max: dict[str, Any] = msgspec.field(default_factory=dict)
    min: dict[str, Any] = msgspec.field(default_factory=dict)
    default: dict[str, Any] = msgspec.field(default_factory=dict)
    default_request: dict[str, Any] = msgspec.field(default_factory=dict)
    max_limit_request_ratio: dict[str, Any] = msgspec.field(default_factory=dict)


class LimitSpec(Struct):
    """The bounds of all types."""

    limits: list[Limit] = msgspec.field(default_factory=list)


class LimitRange(ChangedObject):
    """core/v1 LimitRange."""

    spec: LimitSpec = msgspec.field(default_factory=LimitSpec)


def limit_facts(obj: LimitRange) -> Facts:
    """Return each bound: `max memory of Container`."""
    return {
        called(f"{bound} {resource} of" if resource.isalnum() else f"{bound} of", limit.type): plain(value)
        for limit in obj.spec.limits
        for bound, held in (
            ("max", limit.max),
            ("min", limit.min),
            ("default", limit.default),
            ("defaultRequest", limit.default_request),
            ("ratio", limit.max_limit_request_ratio),
        )
        for resource, value in held.items()
    }


def limit_reach(_obj: LimitRange) -> Reach:
    """Return every pod of the namespace."""
    return Reach(is_whole=True)


LIMIT_RANGES = watch_changes(CORE, "limitranges", LimitRange, ChangeKind(limit_facts, limit_reach, restricts=True))
