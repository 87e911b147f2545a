"""ContextEvent: the one datum that all sources speak, and that correlation reads."""

import random
from enum import StrEnum

import msgspec

from noctuary.common import clock
from noctuary.models import details

_RANDOM = random.Random()  # noqa: S311 - ids are no secrets, and each call of the kernel lends the interpreter's lock


class EventType(StrEnum):
    """What happened; the nine kinds of the event API."""

    DEPLOY = "deploy"
    RESTART = "restart"
    SATURATION = "saturation"
    FLAG_CHANGE = "flag_change"
    CONFIG_CHANGE = "config_change"
    DEPENDENCY_FAILURE = "dependency_failure"
    SCALE_EVENT = "scale_event"
    CIRCUIT_OPEN = "circuit_open"
    SCHEMA_CHANGE = "schema_change"


CHANGE_TYPES = frozenset(
    {
        EventType.DEPLOY,
        EventType.FLAG_CHANGE,
        EventType.CONFIG_CHANGE,
        EventType.SCALE_EVENT,
        EventType.SCHEMA_CHANGE,
    }
)
"""What somebody did; all other types tell what is wrong."""


SILENCE_S = 300.0
"""Back-off repeats a fault every five minutes at most."""


class ObjectRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cluster object an event is about; `labels` are those of the pod (template), which selectors match."""

    kind: str
    namespace: str
    name: str
    uid: str = ""
    workload_kind: str = ""
    workload_name: str = ""
    node: str = ""
    labels: dict[str, str] = {}


class ContextEvent(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One meaningful change or fault; times are seconds since the epoch.

    `tenant` is the namespace that owns it: the CR's for posted events, the object's own for cluster objects.
    `dedup_key` is unique per tenant and source; a repeated event raises `count` and `last_seen` instead of a row.
    `details` holds small facts by well-known names (see noctuary/models/details.py), never raw text of logs.
    """

    id: str
    tenant: str
    source: str
    dedup_key: str
    service_name: str
    vendor: str
    entity: str
    event_type: EventType
    timestamp: float
    last_seen: float
    confidence: float
    ttl_seconds: int
    count: int = 1
    old_value: str | None = None
    new_value: str | None = None
    actor: str | None = None
    sha: str | None = None
    link: str | None = None
    raw_line: str | None = None
    clamped: bool = False
    cluster: str = ""
    object: ObjectRef | None = None
    details: dict[str, str] = {}

    @property
    def expires_at(self) -> float:
        """Return when the event leaves the state window: its TTL counts from when it was last seen."""
        return self.last_seen + self.ttl_seconds


def merge_repeated(known: ContextEvent, told: ContextEvent) -> ContextEvent:
    """Return a known event with what another telling says of it; it keeps its id, its first time and its service.

    What is not later only adds the details that are not known: a kill and the failing probe that led to it are told
    one by one, and of the same second.
    """
    if told.last_seen <= known.last_seen:
        return msgspec.structs.replace(known, details=told.details | known.details)
    return msgspec.structs.replace(
        told,
        id=known.id,
        service_name=known.service_name,
        timestamp=min(known.timestamp, told.timestamp),
        count=max(known.count, told.count),
        details=known.details | told.details | _silence(known, told),
    )


def _silence(known: ContextEvent, told: ContextEvent) -> dict[str, str]:
    """Return between which times a pod showed no more of what it shows again: the merged event tells of both as one."""
    is_of_pod = told.object is not None and told.object.kind == "Pod"
    if not is_of_pod or told.timestamp - known.last_seen <= SILENCE_S:
        return {}
    restarts = known.details.get(details.RESTARTS, "")
    return {details.SILENCE: f"{known.last_seen:.0f} {told.timestamp:.0f} {restarts}".rstrip()}


def new_event_id(at: float | None = None) -> str:
    """Return a time-ordered id (milliseconds, then randomness), so that unique indexes grow at their end."""
    milliseconds = int((clock.now() if at is None else at) * 1000)
    return f"{milliseconds:012x}{_RANDOM.getrandbits(64):016x}"
