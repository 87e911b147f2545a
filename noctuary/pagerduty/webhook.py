"""A V3 webhook as PagerDuty sends it, typed at the edge and tolerant: almost any field may be missing or null."""

import msgspec

from noctuary.common.clock import parse_time
from noctuary.common.errors import InvalidInput

MAX_EVENT_ID_CHARS = 128
"""Event ids have no fixed format (26 to 38 characters were seen); longer ones are cut so that a row stays small."""

MAX_TEAMS_BYTES = 64 * 1024
"""A few teams of some 200 bytes are usual; 2 MB of empty ones would be 34 MB of objects, and stop all for 0.3 s."""
MAX_AHEAD_S = 300.0
"""PagerDuty's clock and ours differ by less; what is said to happen later than that has a made-up time."""
MAX_AGE_S = 366 * 86400.0
"""No store keeps what is older: a time of before is a mistake of a clock or of a sender, such as 1970."""


class Reference(msgspec.Struct, frozen=True):
    """The short form of an object: a person, a service, a team, an incident."""

    id: str = ""
    type: str = ""
    summary: str | None = None
    html_url: str | None = None


class _Kind(msgspec.Struct, frozen=True):
    type: str | None = None
    teams: msgspec.Raw = msgspec.Raw(b"")


class IncidentData(msgspec.Struct, frozen=True):
    """What a webhook tells of an incident: neither alerts nor details."""

    id: str
    html_url: str | None = None
    number: int | None = None
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

    `clamped`: the event told a time that cannot be, and `occurred_at` is the nearest that can.
    """

    id: str
    event_type: str
    occurred_at: float
    data_type: str
    clamped: bool = False
    agent: Reference | None = None
    incident: IncidentData | None = None


def parse_webhook(body: bytes, received_at: float) -> WebhookEvent:
    """Decode a verified body; raise InvalidInput when it is no V3 webhook.

    The kind is read from `event.data.type`: a note's event has the resource type of an incident, but is none.
    """
    try:
        event = msgspec.json.decode(body, type=_Envelope).event
        kind = msgspec.json.decode(event.data, type=_Kind | None)
        data_type = (kind and kind.type) or ""
        if kind is not None and len(memoryview(kind.teams)) > MAX_TEAMS_BYTES:
            raise InvalidInput("event.data.teams", "is longer than any incident's", "send what PagerDuty sends")
        incident = msgspec.json.decode(event.data, type=IncidentData) if data_type == "incident" else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("body", f"is no V3 webhook ({error})", "send webhooks of version 3 only") from error
    told_at = time_or(event.occurred_at, received_at)
    occurred_at = possible_time(told_at, received_at)
    return WebhookEvent(
        id=event.id[:MAX_EVENT_ID_CHARS],
        event_type=event.event_type,
        occurred_at=occurred_at,
        data_type=data_type,
        clamped=occurred_at != told_at,
        agent=event.agent,
        incident=incident,
    )


def possible_time(told_at: float, received_at: float) -> float:
    """Return a time as told where it can be; nothing happens after it was told of, or before any store began.

    What is told as older than a year stays the oldest there is: were it moved to now, it would win over all that
    came since.
    """
    if told_at > received_at + MAX_AHEAD_S:
        return received_at
    return max(told_at, received_at - MAX_AGE_S)


def time_or(text: str | None, otherwise: float) -> float:
    """Read a time with any offset; what is missing or unreadable counts as `otherwise`."""
    try:
        return parse_time(text) if text else otherwise
    except (ValueError, OverflowError):
        return otherwise
