"""Events that other systems post to us: one, an array or NDJSON, checked one by one and turned into ContextEvents."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

import msgspec

from noctuary.common.clock import parse_time
from noctuary.common.errors import InvalidInput
from noctuary.common.text import shorten
from noctuary.models.context_event import ContextEvent, EventType, new_event_id
from noctuary.sources.posted_errors import field_problems, kind_of, malformed
from noctuary.sources.posted_text import (
    BODY_FIX,
    ESCAPE,
    is_ndjson,
    require_few,
    require_unique_keys,
    split_items,
)

T = TypeVar("T")

SOURCE = "api"
MAX_TTL_S = 7 * 24 * 3600
"""The longest lookback that any window is made for."""
MAX_NAME_CHARS = 253
"""As long as the longest name in Kubernetes."""
MAX_VALUE_CHARS = 8192
MAX_LINK_CHARS = 2048
MAX_AHEAD_S = 300.0
"""A clock may be wrong by this much; what is dated later did not happen yet."""
MAX_AGE_S = 366 * 24 * 3600.0
"""What is dated earlier comes from a clock that was never set (1970), not from the past."""
MAX_SAID_CHARS = 200
"""Of what was sent in the words of a refusal: an answer to a thousand bad items stays below a megabyte."""
MAX_ERRORS = 4000
"""Beyond it only the first error of each item is told, for the same reason."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARS)]
Value = Annotated[str, msgspec.Meta(max_length=MAX_VALUE_CHARS)]
Link = Annotated[str, msgspec.Meta(max_length=MAX_LINK_CHARS, pattern=r"^https?://\S+\Z")]
Confidence = Annotated[float, msgspec.Meta(gt=0, le=1)]
Ttl = Annotated[int, msgspec.Meta(gt=0, le=MAX_TTL_S)]


class PostedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event as it is posted; `raw_line` is accepted and dropped, fields we do not know are ignored."""

    service_name: Name
    vendor: Name
    entity: Name
    event_type: EventType
    confidence: Confidence
    ttl_seconds: Ttl
    old_value: Value | None = None
    new_value: Value | None = None
    actor: Value | None = None
    sha: Value | None = None
    timestamp: str | None = None
    raw_line: str | None = None
    dedup_key: Name | None = None
    link: Link | None = None


class _Dated(msgspec.Struct, frozen=True):
    timestamp: str | None = None


class ItemError(msgspec.Struct, frozen=True):
    """What is wrong with one item, and how to fix it; `index` counts from 0."""

    index: int
    field: str
    problem: str
    fix: str


class Batch(msgspec.Struct, frozen=True):
    """What a body held; `foreign` is its kind where it is another system's and holds no event."""

    events: list[ContextEvent]
    errors: list[ItemError]
    foreign: str | None = None


FIXES = {
    "service_name": f"send the OpenTelemetry service.name, 1 to {MAX_NAME_CHARS} characters",
    "vendor": f"send the name of the system that made the event, 1 to {MAX_NAME_CHARS} characters",
    "entity": f"send the name of the thing affected, 1 to {MAX_NAME_CHARS} characters",
    "event_type": "send one of " + ", ".join(EventType),
    "confidence": "send a number above 0 and at most 1",
    "ttl_seconds": f"send a whole number from 1 to {MAX_TTL_S}",
    "timestamp": "send an ISO 8601 time such as 2026-01-31T14:02:11Z, or leave it out",
    "dedup_key": f"send 1 to {MAX_NAME_CHARS} characters, or leave it out",
    "link": f"send an http or https URL of at most {MAX_LINK_CHARS} characters, or leave it out",
    "body": BODY_FIX,
}
OPTIONAL_TEXT_FIX = f"send text of at most {MAX_VALUE_CHARS} characters, or leave it out"

_TOO_LONG = f"is longer than {MAX_VALUE_CHARS} characters"
_NAME_TOO_LONG = f"is longer than {MAX_NAME_CHARS} characters"
WANTED = dict.fromkeys(("service_name", "vendor", "entity", "dedup_key"), ("text", _NAME_TOO_LONG))
WANTED |= dict.fromkeys(("old_value", "new_value", "actor", "sha", "timestamp", "raw_line"), ("text", _TOO_LONG))
WANTED |= {
    "event_type": ("text", "is no type of event that we know"),
    "confidence": ("a number", "is not above 0 and at most 1"),
    "ttl_seconds": ("a number", f"is not a whole number from 1 to {MAX_TTL_S}"),
    "link": ("text", f"is no http or https URL of at most {MAX_LINK_CHARS} characters"),
}
"""What each field should be, and what is wrong with it when it is that."""

_ITEM = msgspec.json.Decoder(PostedEvent)
_ITEMS = msgspec.json.Decoder(list[PostedEvent])
_ENCODER = msgspec.json.Encoder()


def parse_events(body: bytes, content_type: str, tenant: str, now: float) -> Batch:
    """Read a body of events for a tenant; raise InvalidInput when it cannot be split."""
    text = body.strip()
    posted = _decode_at_once(text, content_type)
    if posted is None:
        return _collect(split_items(text, content_type), parse_item, errors_of, tenant, now)
    require_few(len(posted))
    return _collect(posted, lambda event: event, lambda _: [], tenant, now)


def _collect(
    items: Iterable[T],
    read: Callable[[T], PostedEvent],
    explain: Callable[[T], list[InvalidInput]],
    tenant: str,
    now: float,
) -> Batch:
    """Turn items into events; where one cannot be, say all that is wrong with it."""
    events: list[ContextEvent] = []
    errors: list[ItemError] = []
    for index, item in enumerate(items):
        try:
            events.append(to_event(read(item), tenant, now))
        except InvalidInput as error:
            found = explain(item) if len(errors) < MAX_ERRORS else []
            told = [ItemError(index, _said(each.field), _said(each.problem), each.fix) for each in found or [error]]
            errors.extend(told)
    return Batch(events, errors)


def _said(text: str) -> str:
    return shorten(text, MAX_SAID_CHARS).encode(errors="replace").decode()


def _decode_at_once(text: bytes, content_type: str) -> list[PostedEvent] | None:
    """Read what holds nothing but good events, in one step; None where each item needs a look of its own.

    What is encoded again holds one colon for each field that counted and those of its values. Fields that appear twice
    or that we do not know make more colons in what was sent, and only an escape could spell one differently.
    """
    try:
        posted = _decode(text, content_type)
    except (ValueError, RecursionError):
        return None
    if posted is None or ESCAPE in text or _ENCODER.encode(posted).count(b":") != text.count(b":"):
        return None
    return posted


def _decode(text: bytes, content_type: str) -> list[PostedEvent] | None:
    if is_ndjson(content_type):
        posted = _ITEM.decode_lines(text)
        return posted if len(posted) == text.count(b"\n") + 1 else None
    if text.startswith(b"["):
        return _ITEMS.decode(text)
    return [_ITEM.decode(text)] if b"\n" not in text else None


def parse_item(text: bytes) -> PostedEvent:
    """Read one event; raise InvalidInput that names the field and the fix."""
    try:
        event = _ITEM.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidInput("body", f"is {kind_of(text)}, not an object that is an event", BODY_FIX) from error
    except (ValueError, RecursionError) as error:
        raise malformed(error, BODY_FIX) from error
    require_unique_keys(text)
    return event


def errors_of(text: bytes) -> list[InvalidInput]:
    """Return all that is wrong with the fields of an item; nothing where it is no JSON object."""
    try:
        problems = dict(field_problems(text, PostedEvent, WANTED))
        posted = msgspec.json.decode(text, type=_Dated) if "timestamp" not in problems else None
    except (ValueError, RecursionError):
        return []
    errors = [InvalidInput(field, problem, FIXES.get(field, OPTIONAL_TEXT_FIX)) for field, problem in problems.items()]
    try:
        event_time(posted.timestamp if posted is not None else None, 0.0)
        require_unique_keys(text)
    except InvalidInput as error:
        errors.append(error)
    return errors


def to_event(posted: PostedEvent, tenant: str, now: float) -> ContextEvent:
    """Give a posted event its tenant, time and dedup key."""
    at, clamped = clamp(event_time(posted.timestamp, now), now)
    event_id = new_event_id(now)
    return ContextEvent(
        id=event_id,
        tenant=tenant,
        source=SOURCE,
        dedup_key=posted.dedup_key or content_key(posted) or event_id,
        service_name=posted.service_name,
        vendor=posted.vendor,
        entity=posted.entity,
        event_type=posted.event_type,
        timestamp=at,
        last_seen=at,
        confidence=posted.confidence,
        ttl_seconds=posted.ttl_seconds,
        old_value=posted.old_value,
        new_value=posted.new_value,
        actor=posted.actor,
        sha=posted.sha,
        link=posted.link,
        clamped=clamped,
    )


def event_time(text: str | None, now: float) -> float:
    """Return when an event happened: what it says, else now."""
    if text is None or text == "":
        return now
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("timestamp", "is not a time", FIXES["timestamp"]) from error


def clamp(at: float, now: float) -> tuple[float, bool]:
    """Replace a time that cannot be true by the time of receipt, and return whether that was done."""
    is_possible = now - MAX_AGE_S <= at <= now + MAX_AHEAD_S
    return (at, False) if is_possible else (now, True)


def content_key(posted: PostedEvent) -> str | None:
    """Return a key that recognises the same dated event sent again; None without a date: each one is new."""
    if not posted.timestamp:
        return None
    told = msgspec.structs.asdict(posted) | {"raw_line": None}  # with all fields, as keys of stored events were made
    return hashlib.sha256(_ENCODER.encode(told)).hexdigest()
