"""Events that other systems post to us: one, an array or NDJSON, checked one by one and turned into ContextEvents."""

import hashlib
import json
import re
from typing import Annotated, Any

import msgspec

from noctuary.common.clock import parse_time
from noctuary.common.errors import InvalidInput
from noctuary.models.context_event import ContextEvent, EventType, new_event_id

SOURCE = "api"
MAX_ITEMS = 1000
"""Events in one request: one commit must not keep others waiting."""
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
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARS)]
Value = Annotated[str, msgspec.Meta(max_length=MAX_VALUE_CHARS)]
Link = Annotated[str, msgspec.Meta(max_length=MAX_LINK_CHARS, pattern=r"^https?://\S+$")]
Confidence = Annotated[float, msgspec.Meta(gt=0, le=1)]
Ttl = Annotated[int, msgspec.Meta(gt=0, le=MAX_TTL_S)]


class PostedEvent(msgspec.Struct, frozen=True):
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


class ItemError(msgspec.Struct, frozen=True):
    """What is wrong with one item, and how to fix it; `index` counts from 0."""

    index: int
    field: str
    problem: str
    fix: str


class Batch(msgspec.Struct, frozen=True):
    """What a body held."""

    events: list[ContextEvent]
    errors: list[ItemError]


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
    "body": "send one JSON object, an array of objects, or one object per line, in UTF-8",
}
OPTIONAL_TEXT_FIX = f"send text of at most {MAX_VALUE_CHARS} characters, or leave it out"

_ITEM = msgspec.json.Decoder(PostedEvent)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_RAW = msgspec.json.Decoder(msgspec.Raw)
_FIELD = re.compile(r"at `\$\.(\w+)|required field `(\w+)`")
_KEY = re.compile(rb'"([^"\\]*)"\s*:')
_ESCAPE = rb"\u"
"""The only way to spell one of our names differently."""


def parse_events(body: bytes, content_type: str, tenant: str, now: float) -> Batch:
    """Read a body of events for a tenant; raise InvalidInput when it cannot be split."""
    events: list[ContextEvent] = []
    errors: list[ItemError] = []
    for index, item in enumerate(split_items(body, content_type)):
        try:
            events.append(to_event(parse_item(item), tenant, now))
        except InvalidInput as error:
            errors.append(ItemError(index, error.field, error.problem, error.fix))
    return Batch(events, errors)


def split_items(body: bytes, content_type: str) -> list[bytes]:
    """Split a body into single JSON texts, by its content type or by how it begins."""
    text = body.strip()
    if content_type.split(";", maxsplit=1)[0].strip().lower() in NDJSON_TYPES:
        items = _lines(text)
    elif text.startswith(b"["):
        items = [bytes(item) for item in _decode_whole(text)]
    else:
        items = [text] if _is_one_value(text) else _lines(text)
    if not items:
        raise InvalidInput("body", "holds no event", FIXES["body"])
    if len(items) > MAX_ITEMS:
        raise InvalidInput("body", f"holds {len(items)} events", f"send at most {MAX_ITEMS} at once")
    return items


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip()]


def _decode_whole(text: bytes) -> list[msgspec.Raw]:
    try:
        return _ARRAY.decode(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", _plain(error), FIXES["body"]) from error


def _is_one_value(text: bytes) -> bool:
    if b"\n" not in text:
        return True
    try:
        _RAW.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def parse_item(text: bytes) -> PostedEvent:
    """Read one event; raise InvalidInput that names the field and the fix."""
    try:
        event = _ITEM.decode(text)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", _plain(error), FIXES["body"]) from error
    require_unique_keys(text)
    return event


def _explain(message: str) -> InvalidInput:
    found = _FIELD.search(message)
    field = (found[1] or found[2]) if found else "body"
    problem = message.partition(" - at `")[0]
    return InvalidInput(field, problem, FIXES.get(field, OPTIONAL_TEXT_FIX))


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    return str(error)


def require_unique_keys(text: bytes) -> None:
    """Refuse a key that appears twice in one object: parsers disagree which one counts, so nobody should guess.

    Raises InvalidInput, also for what the fast parser skipped unread in a field that we do not know.
    """
    keys = _KEY.findall(text)
    if len(set(keys)) == len(keys) and _ESCAPE not in text:
        return  # quick and usual: only one who repeats or escapes a name pays for the slow parser
    try:
        json.loads(text, object_pairs_hook=_refuse_twice, parse_int=float)
    except InvalidInput:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", _plain(error), FIXES["body"]) from error


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise InvalidInput(name, "appears twice in one object", "send each field once")
        seen.add(name)


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
    content = msgspec.json.encode(msgspec.structs.replace(posted, raw_line=None))
    return hashlib.sha256(content).hexdigest()
