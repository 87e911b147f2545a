"""A V3 webhook as PagerDuty sends it, typed at the edge and tolerant: any field but the id may be missing or odd."""

import re
from typing import Annotated

import msgspec

from noctuary.common.clock import parse_time
from noctuary.common.errors import InvalidInput
from noctuary.pagerduty.tolerant import UNREADABLE, decode, decode_short

MAX_EVENT_ID_CHARS = 128
"""Event ids have no fixed format (26 to 38 characters were seen); longer ones are cut so that a row stays small."""

LONG_BYTES = 64 * 1024
"""A title of a kilobyte and a few teams of some 200 bytes are usual; 2 MB of empty ones would be 34 MB of objects, and
stop all for 0.3 s. A longer webhook is read field by field, and no longer field of it."""
INCIDENT_EVENTS = frozenset(
    {
        "incident.triggered",
        "incident.acknowledged",
        "incident.unacknowledged",
        "incident.resolved",
        "incident.reopened",
        "incident.escalated",
        "incident.delegated",
        "incident.reassigned",
        "incident.priority_updated",
        "incident.service_updated",
        "incident.incident_type.changed",
    }
)
"""Events whose data is the incident itself, whether or not it says so."""
MAX_NUMBER = 2**53
"""Beyond it no JSON number is sure; accounts count their incidents in thousands."""
MAX_AHEAD_S = 300.0
"""PagerDuty's clock and ours differ by less; what is said to happen later than that has a made-up time."""
_LAST_S = 253_402_300_799.0
"""The end of the year 9999."""
MAX_AGE_S = 366 * 86400.0
"""No store keeps what is older: a time of before is a mistake of a clock or of a sender, such as 1970."""

_EPOCH = re.compile(r"[0-9]{9,10}(?:\.[0-9]+)?|[0-9]{12,13}")
"""A time as a number: in seconds or milliseconds since the epoch."""

Identity = Annotated[str, msgspec.Meta(min_length=1)]
Number = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]


class Reference(msgspec.Struct, frozen=True):
    """The short form of an object: a person, a service, a team, an incident."""

    id: str = ""
    type: str = ""
    summary: str | None = None
    html_url: str | None = None


class _Kind(msgspec.Struct, frozen=True):
    type: str | None = None


class IncidentData(msgspec.Struct, frozen=True):
    """What a webhook tells of an incident: neither alerts nor details."""

    id: Identity
    html_url: str | None = None
    number: Number | None = None
    status: str | None = None
    created_at: str | None = None
    title: str | None = None
    service: Reference | None = None
    teams: list[Reference] | None = None
    urgency: str | None = None
    reopened_at: str | None = None


class _RawEvent(msgspec.Struct, frozen=True):
    id: str = ""
    event_type: str = ""
    occurred_at: str | None = None
    agent: Reference | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Envelope(msgspec.Struct, frozen=True):
    event: _RawEvent


class WebhookEvent(msgspec.Struct, frozen=True):
    """One event; `incident` is set when it tells an incident's state, `occurred_at` in seconds since the epoch.

    `clamped`: the event told a time that cannot be, and `occurred_at` is the nearest that can. Without `is_dated` it
    told no time that can be read, and `occurred_at` is when it was received.
    """

    id: str
    event_type: str
    occurred_at: float
    data_type: str
    clamped: bool = False
    is_dated: bool = True
    agent: Reference | None = None
    incident: IncidentData | None = None


def parse_webhook(body: bytes, received_at: float) -> WebhookEvent:
    """Decode a verified body; raise InvalidInput when it is no V3 webhook, or tells of an incident without its id.

    The kind is read from the event's type and from `event.data.type`: a note's event has the resource type of an
    incident, but is none. What else is missing, null or of another type counts as absent.
    """
    try:
        event = decode(body, _Envelope)[0].event
        kind = _kind_of(event.data)
        data_type = "incident" if event.event_type in INCIDENT_EVENTS else kind.type or ""
        if not event.event_type and not data_type:
            raise msgspec.ValidationError("neither the event nor its data names its kind")
        incident = decode_short(event.data, IncidentData, LONG_BYTES) if data_type == "incident" else None
    except UNREADABLE as error:
        raise InvalidInput("body", f"is no V3 webhook ({error})", "send webhooks of version 3 only") from error
    told_at = time_or(event.occurred_at, received_at)
    occurred_at = possible_time(told_at, received_at)
    return WebhookEvent(
        id=event.id[:MAX_EVENT_ID_CHARS],
        event_type=event.event_type,
        occurred_at=occurred_at,
        data_type=data_type,
        clamped=occurred_at != told_at,
        is_dated=read_time(event.occurred_at) is not None,
        agent=event.agent,
        incident=incident,
    )


def _kind_of(data: msgspec.Raw) -> _Kind:
    try:
        return decode(data, _Kind)[0]
    except UNREADABLE:  # null, or of another type
        return _Kind()


def possible_time(told_at: float, received_at: float) -> float:
    """Return a time as told where it can be; nothing happens after it was told of, or before any store began.

    What is told as older than a year stays the oldest there is: were it moved to now, it would win over all that
    came since.
    """
    if told_at > received_at + MAX_AHEAD_S:
        return received_at
    return max(told_at, received_at - MAX_AGE_S)


def time_or(text: str | None, otherwise: float) -> float:
    """Read a time; what is none counts as `otherwise`."""
    at = read_time(text)
    return otherwise if at is None else at


def read_time(text: str | None) -> float | None:
    """Read a time with any offset, or a number of seconds or milliseconds; None for what is none."""
    if not text:
        return None
    if _EPOCH.fullmatch(text):
        return float(text) if len(text.partition(".")[0]) <= 10 else float(text) / 1000
    try:
        at = parse_time(text)
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at <= _LAST_S else None  # an offset may lead out of the years that can be told
