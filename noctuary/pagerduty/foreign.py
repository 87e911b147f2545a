"""What other systems send, recognised by its shape where a V3 webhook or a ContextEvent should be."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from noctuary.models.payload_kinds import PAGERDUTY_V3
from noctuary.pagerduty.tolerant import UNREADABLE, decode

MAX_LIST_BYTES = 256 * 1024
"""Lists that are longer are not looked into: each of a million items would be an object."""
_NONE = msgspec.Raw(b"")


class Shape(msgspec.Struct, frozen=True):
    """The fields by which payloads are told apart, unread; what does not appear is empty."""

    event: msgspec.Raw = _NONE
    messages: msgspec.Raw = _NONE
    routing_key: msgspec.Raw = _NONE
    service_key: msgspec.Raw = _NONE
    event_action: msgspec.Raw = _NONE
    event_type: msgspec.Raw = _NONE
    payload: msgspec.Raw = _NONE
    alerts: msgspec.Raw = _NONE
    receiver: msgspec.Raw = _NONE
    groupKey: msgspec.Raw = _NONE  # noqa: N815 - Alertmanager's name
    groupLabels: msgspec.Raw = _NONE  # noqa: N815
    labels: msgspec.Raw = _NONE
    annotations: msgspec.Raw = _NONE
    startsAt: msgspec.Raw = _NONE  # noqa: N815
    generatorURL: msgspec.Raw = _NONE  # noqa: N815
    specversion: msgspec.Raw = _NONE
    type: msgspec.Raw = _NONE
    data: msgspec.Raw = _NONE

    def has(self, *names: str) -> bool:
        """Whether all of these fields are there."""
        return all(memoryview(getattr(self, name)) for name in names)


class Foreign(NamedTuple):
    """How one kind of payload is told."""

    kind: str
    is_it: Callable[[Shape], bool]
    paths: tuple[str, ...] = ()
    """What senders of it append to an address by themselves."""


def _is_v3(shape: Shape) -> bool:
    inner = _first(shape.event)
    return inner is not None and inner.has("event_type", "data")


def _is_v2(shape: Shape) -> bool:
    message = _first(shape.messages)
    return message is not None and message.has("event")


def _is_v1(shape: Shape) -> bool:
    message = _first(shape.messages)
    return message is not None and message.has("type", "data")


FOREIGN = (
    Foreign(PAGERDUTY_V3, _is_v3),
    Foreign("pagerduty_v2", _is_v2),
    Foreign("pagerduty_v1", _is_v1),
    Foreign(
        "events_api_v2",
        lambda shape: shape.has("routing_key") and (shape.has("event_action") or shape.has("payload")),
        ("v2/enqueue", "v2/change/enqueue"),
    ),
    Foreign(
        "events_api_v1",
        lambda shape: shape.has("service_key", "event_type"),
        ("generic/2010-04-15/create_event.json",),
    ),
    Foreign(
        "alertmanager",
        lambda shape: shape.has("alerts") and any(map(shape.has, ("groupKey", "groupLabels", "receiver"))),
    ),
    Foreign(
        "prometheus",
        lambda shape: shape.has("labels") and any(map(shape.has, ("startsAt", "annotations", "generatorURL"))),
        ("api/v2/alerts", "api/v1/alerts", "api/v1/write"),
    ),
    Foreign("cloudevents", lambda shape: shape.has("specversion", "type")),
)
"""In the order in which they are looked for; their words are in `noctuary/models/payload_kinds.py`."""


def recognise(body: bytes) -> str | None:
    """Return the kind of a payload by its shape, or of the first of a list; None for one of no kind we know."""
    shape = _first(body)
    return next((each.kind for each in FOREIGN if each.is_it(shape)), None) if shape is not None else None


def without_path(path: str) -> tuple[str, str | None]:
    """Return a path without what a sender of a kind appends to addresses, and that kind."""
    for each in FOREIGN:
        for tail in each.paths:
            if path.endswith(f"/{tail}"):
                return path.removesuffix(f"/{tail}"), each.kind
    return path, None


def _first(body: bytes | msgspec.Raw) -> Shape | None:
    """Read an object, or the first one of a list; the rest is not kept."""
    try:
        return decode(body, Shape)[0]
    except UNREADABLE:
        pass
    if len(memoryview(body)) > MAX_LIST_BYTES:
        return None
    try:
        return decode(msgspec.json.decode(body, type=list[msgspec.Raw])[0], Shape)[0]
    except (*UNREADABLE, IndexError):
        return None
