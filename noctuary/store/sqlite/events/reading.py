"""Events as they are read: decoded, and shortened where they are too much for one window."""

import sqlite3

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.store.queries import LONG_AGO
from noctuary.store.sqlite.bounds import damaged
from noctuary.store.sqlite.events import subjects
from noctuary.store.sqlite.events.remembered import DATED_EVERY_S

MAX_WINDOW_BYTES = 2 * 1024 * 1024
"""What one window may hold: 400 events of 5 KB, where a usual one has 1 KB. All that follows reads every text again."""
MORE = "…"
"""Ends a text that was shortened."""
_DECODER = msgspec.json.Decoder(ContextEvent)
_COLUMNS = "timestamp, last_seen, count, event"
_Row = tuple[float, float, int, bytes]


def decode(row: _Row) -> ContextEvent:
    """Return a stored event; raise one of damaged.UNREADABLE."""
    event = _DECODER.decode(row[3])
    event.timestamp, event.last_seen, event.count = row[:3]
    return event


def read(
    connection: sqlite3.Connection, row_ids: list[int], found: list[damaged.DamagedRow]
) -> tuple[list[ContextEvent], int]:
    """Return events by their rows, most recently seen first, and of how many the texts were shortened.

    The largest are shortened first, to what makes all fit. What cannot be decoded is left out and added to `found`.
    """
    chosen = msgspec.json.encode(row_ids).decode()
    where = "FROM events WHERE row_id IN (SELECT value FROM json_each(?))"
    sizes = [size for (size,) in connection.execute(f"SELECT length(event) {where}", (chosen,))]
    limit = _fitting(sizes, MAX_WINDOW_BYTES)
    events, cut = [], 0
    for row_id, *row in connection.execute(
        f"SELECT row_id, {_COLUMNS} {where} ORDER BY last_seen DESC, row_id",
        (chosen,),
    ):
        try:
            event = decode(tuple(row))
        except damaged.UNREADABLE:
            found.append(damaged.DamagedRow("events", row_id))
            continue
        is_large = limit is not None and len(row[3]) > limit
        events.append(_shortened(event, limit or 0) if is_large else event)
        cut += is_large
    return events, cut


def _fitting(sizes: list[int], total: int) -> int | None:
    """Return how large each may be so that all fit; None: they fit as they are."""
    if sum(sizes) <= total:
        return None
    left, room = len(sizes), total
    for size in sorted(sizes):
        if size * left > room:
            break
        room -= size
        left -= 1
    return room // left


def _shortened(event: ContextEvent, size: int) -> ContextEvent:
    """Return an event whose texts are short enough for a size, the longest shortened first."""
    texts = {
        name: value
        for name in ("old_value", "new_value", "raw_line", "actor", "sha", "link")
        if isinstance(value := getattr(event, name), str)
    }
    fixed = len(msgspec.json.encode(msgspec.structs.replace(event, details={}, **dict.fromkeys(texts))))
    everything = [*texts.values(), *event.details.values()]
    limit = _fitting([len(msgspec.json.encode(text)) for text in everything], max(0, size - fixed))
    if limit is None:
        return event
    return msgspec.structs.replace(
        event,
        details={name: _cut(value, limit) for name, value in event.details.items()},
        **{name: None if name == "link" else _cut(value, limit) for name, value in texts.items()},
    )


def _cut(text: str, size: int) -> str:
    encoded = msgspec.json.encode(text)
    if len(encoded) <= size:
        return text
    return text.encode()[: size // 2].decode(errors="ignore") + MORE


def last_event_at(
    connection: sqlite3.Connection, tenants: list[str], services: list[str] | None, without_reasons: list[str]
) -> float | None:
    """Return when anything else than these reasons was last seen of these services, expired or not."""
    at = _last_of_all(connection, tenants, services)
    if at is None or at == LONG_AGO or not without_reasons:
        return at
    ignored, other = subjects.last_event_at(connection, tenants, services, without_reasons)
    if ignored is None or ignored < at - DATED_EVERY_S:
        return at
    return LONG_AGO if other is None else other


def _last_of_all(connection: sqlite3.Connection, tenants: list[str], services: list[str] | None) -> float | None:
    where = "FROM services WHERE tenant IN (SELECT value FROM json_each(?1))"
    arguments = [msgspec.json.encode(tenants).decode()]
    named = ""
    if services is not None:
        named = " AND service_name IN (SELECT value FROM json_each(?2))"
        arguments.append(msgspec.json.encode(services).decode())
    at: float | None = connection.execute(f"SELECT max(last_event_at) {where}{named}", arguments).fetchone()[0]
    if at is not None or services is None:
        return at
    forgotten = connection.execute(f"SELECT 1 {where} AND service_name = '' LIMIT 1", arguments[:1]).fetchone()
    return None if forgotten is None else LONG_AGO
