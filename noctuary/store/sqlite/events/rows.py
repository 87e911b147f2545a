"""ContextEvents: kept once per dedup key, counted when repeated, gone from every window when expired."""

import sqlite3

import msgspec

from noctuary.models.context_event import ContextEvent, merge_repeated
from noctuary.store.interface import LONG_AGO
from noctuary.store.sqlite.events import subjects

_DECODER = msgspec.json.Decoder(ContextEvent)
_COLUMNS = "timestamp, last_seen, count, event"
_Row = tuple[float, float, int, bytes]


def add(connection: sqlite3.Connection, events: list[ContextEvent]) -> list[bool]:
    """Insert events or count them up; True where new."""
    added = [_add_one(connection, event) for event in events]
    newest: dict[tuple[str, str], float] = {}
    for event in events:
        service = (event.tenant, event.service_name)
        newest[service] = max(newest.get(service, event.last_seen), event.last_seen)
    connection.executemany(
        "INSERT INTO services (tenant, service_name, last_event_at) VALUES (?, ?, ?)"
        " ON CONFLICT (tenant, service_name) DO UPDATE SET last_event_at = max(last_event_at, excluded.last_event_at)",
        [(*service, at) for service, at in newest.items()],
    )
    return added


def _add_one(connection: sqlite3.Connection, event: ContextEvent) -> bool:
    if _insert(connection, event):
        return True
    if _drop_expired(connection, event):
        return _insert(connection, event)
    # The same occurrence told twice (a watch that was begun anew) is not a second one: only a later one counts.
    connection.execute(
        "UPDATE events SET count = max(count + (?1 > last_seen), ?2), last_seen = max(last_seen, ?1),"
        " expires_at = max(expires_at, ?3), event = ?4, subject_id = ?8"
        " WHERE tenant = ?5 AND source = ?6 AND dedup_key = ?7",
        (
            event.last_seen,
            event.count,
            event.expires_at,
            _body(connection, event),
            *_key(event),
            subjects.add(connection, event),
        ),
    )
    return False


def _body(connection: sqlite3.Connection, event: ContextEvent) -> bytes:
    """Return what to keep of an event that is known: what was seen last counts."""
    row: _Row = connection.execute(
        f"SELECT {_COLUMNS} FROM events WHERE tenant = ? AND source = ? AND dedup_key = ?",  # noqa: S608 - a constant
        _key(event),
    ).fetchone()
    is_later = event.last_seen > row[1]
    return msgspec.json.encode(merge_repeated(_decode(row), event)) if is_later else row[3]


def _key(event: ContextEvent) -> tuple[str, str, str]:
    return event.tenant, event.source, event.dedup_key


def _insert(connection: sqlite3.Connection, event: ContextEvent) -> bool:
    cursor = connection.execute(
        "INSERT INTO events"
        " (tenant, source, dedup_key, service_name, timestamp, last_seen, expires_at, count, event, subject_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, source, dedup_key) DO NOTHING",
        (
            event.tenant,
            event.source,
            event.dedup_key,
            event.service_name,
            event.timestamp,
            event.last_seen,
            event.expires_at,
            event.count,
            msgspec.json.encode(event),
            subjects.add(connection, event),
        ),
    )
    return cursor.rowcount == 1


def _drop_expired(connection: sqlite3.Connection, event: ContextEvent) -> bool:
    """Delete the stored event that had expired when this one happened: whether the sweep came by must not matter."""
    cursor = connection.execute(
        "DELETE FROM events WHERE tenant = ? AND source = ? AND dedup_key = ? AND expires_at <= ?",
        (*_key(event), event.timestamp),
    )
    return cursor.rowcount == 1


def read(connection: sqlite3.Connection, row_ids: list[int]) -> list[ContextEvent]:
    """Return events by their rows, most recently seen first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM events WHERE row_id IN (SELECT value FROM json_each(?))"  # noqa: S608 - a constant
        " ORDER BY last_seen DESC, row_id",
        (msgspec.json.encode(row_ids).decode(),),
    )
    return [_decode(row) for row in rows]


def _decode(row: _Row) -> ContextEvent:
    event = _DECODER.decode(row[3])
    event.timestamp, event.last_seen, event.count = row[:3]
    return event


def last_event_at(
    connection: sqlite3.Connection, tenants: list[str], services: list[str] | None, without_reasons: list[str]
) -> float | None:
    """Return when anything else than these reasons was last seen of these services, expired or not."""
    at = _last_of_all(connection, tenants, services)
    if at is None or not without_reasons:
        return at
    ignored, other = subjects.last_event_at(connection, tenants, services, without_reasons)
    if ignored is None or ignored < at:
        return at
    return LONG_AGO if other is None else other


def _last_of_all(connection: sqlite3.Connection, tenants: list[str], services: list[str] | None) -> float | None:
    condition = "" if services is None else " AND service_name IN (SELECT value FROM json_each(?2))"
    arguments = [msgspec.json.encode(tenants).decode()]
    if services is not None:
        arguments.append(msgspec.json.encode(services).decode())
    at: float | None = connection.execute(
        "SELECT max(last_event_at) FROM services"  # noqa: S608 - the condition is a constant
        f" WHERE tenant IN (SELECT value FROM json_each(?1)){condition}",
        arguments,
    ).fetchone()[0]
    return at


def sweep(connection: sqlite3.Connection, now: float, limit: int) -> int:
    """Delete expired events; no window shows them since they expired."""
    swept = connection.execute(
        "DELETE FROM events WHERE row_id IN (SELECT row_id FROM events WHERE expires_at <= ? LIMIT ?)", (now, limit)
    ).rowcount
    if swept < limit:
        subjects.sweep(connection, now, limit)
    return swept
