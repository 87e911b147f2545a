"""How an event of the cluster is put together, and how its times are kept sane."""

import msgspec

from noctuary.common.redaction import without_secrets
from noctuary.models import details
from noctuary.models.context_event import ContextEvent, EventType, ObjectRef, new_event_id
from noctuary.sources.kubernetes import SOURCE

MESSAGE_CHARACTERS = 300
"""Messages are untrusted text: enough to understand, too short to flood a note."""
DETAIL_CHARACTERS = 1024
"""Of any other detail or value: an image, a probe's path or a list of names may have a megabyte."""
TTL_S = {
    EventType.DEPLOY: 24 * 3600,
    EventType.SCALE_EVENT: 24 * 3600,
    EventType.RESTART: 1200,
    EventType.SATURATION: 1800,
    EventType.DEPENDENCY_FAILURE: 2700,
    EventType.CONFIG_CHANGE: 24 * 3600,
}
"""A change outlives any lookback (the longest is a day); a fault is soon gone or reported again."""
EARLIEST = 946684800.0
"""2000-01-01: what is dated earlier was dated by a clock that was never set."""
FUTURE_SLACK_S = 2.0
"""Times are whole seconds and clocks of nodes differ a little; more than this is a wrong clock."""


def draft(
    ref: ObjectRef,
    service_name: str,
    event_type: EventType,
    *,
    key: str,
    at: float,
    last_seen: float = 0.0,
    new_value: str,
    old_value: str | None = None,
    confidence: float = 0.9,
    count: int = 1,
    actor: str | None = None,
    extra: dict[str, str] | None = None,
) -> ContextEvent:
    """Make an event about an object; `key` names the fault or change and stays the same when it is repeated."""
    kept = {name: value[:DETAIL_CHARACTERS] for name, value in (extra or {}).items() if value}
    if extra and details.MESSAGE in kept:
        kept[details.MESSAGE] = shorten(without_secrets(extra[details.MESSAGE]))
    return ContextEvent(
        id=new_event_id(),
        tenant=ref.namespace,
        source=SOURCE,
        vendor=SOURCE,
        dedup_key=f"{ref.uid or f'{ref.kind}/{ref.namespace}/{ref.name}'}/{key}",
        service_name=service_name,
        entity=ref.name,
        event_type=event_type,
        timestamp=at,
        last_seen=max(at, last_seen),
        confidence=confidence,
        ttl_seconds=TTL_S[event_type],
        count=max(1, count),
        old_value=old_value[:DETAIL_CHARACTERS] if old_value else None,
        new_value=new_value[:DETAIL_CHARACTERS],
        actor=actor or None,
        object=ref,
        details=kept,
    )


def clamp(event: ContextEvent, now: float) -> ContextEvent:
    """Return the event with times that can be true: none in the future, none before 2000; flagged when changed."""
    at, last_seen = (_possible(time, now) for time in (event.timestamp, event.last_seen))
    if (at, last_seen) == (event.timestamp, event.last_seen):
        return event
    return msgspec.structs.replace(event, timestamp=min(at, last_seen), last_seen=last_seen, clamped=True)


def _possible(time: float, now: float) -> float:
    return time if EARLIEST <= time <= now + FUTURE_SLACK_S else now


def shorten(text: str) -> str:
    """Return a message on one line and of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= MESSAGE_CHARACTERS else line[: MESSAGE_CHARACTERS - 1] + "…"
