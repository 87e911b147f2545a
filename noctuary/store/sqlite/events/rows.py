"""ContextEvents: kept once per dedup key, counted when repeated, gone from every window when expired."""

import sqlite3
from typing import NamedTuple

import msgspec

from noctuary.models.context_event import ContextEvent, merge_repeated
from noctuary.store.interface import LONG_AGO
from noctuary.store.sqlite.events import subjects
from noctuary.store.sqlite.events.subject_ids import SubjectIds

_DECODER = msgspec.json.Decoder(ContextEvent)
_ENCODER = msgspec.json.Encoder()
_COLUMNS = "timestamp, last_seen, count, event"
_Row = tuple[float, float, int, bytes]


class _Known(NamedTuple):
    """What is stored under an event's key."""

    timestamp: float
    last_seen: float
    times: int
    body: bytes
    row_id: int
    expires_at: float
    subject_id: int


def add(connection: sqlite3.Connection, events: list[ContextEvent], ids: SubjectIds) -> list[bool]:
    """Insert events or count them up; True where new."""
    of_events = ids.of(connection, events)
    added = [_add_one(connection, event, subject) for event, subject in zip(events, of_events, strict=True)]
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


def _add_one(connection: sqlite3.Connection, event: ContextEvent, subject_id: int) -> bool:
    row = connection.execute(
        f"SELECT {_COLUMNS}, row_id, expires_at, subject_id FROM events"  # noqa: S608 - a constant
        " WHERE tenant = ? AND source = ? AND dedup_key = ?",
        (event.tenant, event.source, event.dedup_key),
    ).fetchone()
    known = _Known(*row) if row is not None else None
    if known is not None and known.expires_at > event.timestamp:
        _count_up(connection, known, event, subject_id)
        return False
    if known is not None:  # it had expired when this one happened: whether the sweep came by must not matter
        connection.execute("DELETE FROM events WHERE row_id = ?", (known.row_id,))
    _insert(connection, event, subject_id)
    return True


def _count_up(connection: sqlite3.Connection, known: _Known, event: ContextEvent, subject_id: int) -> None:
    """Keep what was seen last; the same occurrence told twice (a watch that was begun anew) is not a second one."""
    is_later = event.last_seen > known.last_seen
    now = _Known(
        known.timestamp,
        max(known.last_seen, event.last_seen),
        max(known.times + is_later, event.count),
        _merged(known, event),
        known.row_id,
        max(known.expires_at, event.expires_at),
        subject_id,
    )
    if now == known:
        return
    connection.execute(
        "UPDATE events SET count = ?, last_seen = ?, expires_at = ?, event = ?, subject_id = ? WHERE row_id = ?",
        (now.times, now.last_seen, now.expires_at, now.body, subject_id, known.row_id),
    )
    _move_sighting(connection, known, now)


def _merged(known: _Known, event: ContextEvent) -> bytes:
    stored = _decode(known[:4])
    merged = merge_repeated(stored, event)
    return known.body if merged == stored else _ENCODER.encode(merged)


def _insert(connection: sqlite3.Connection, event: ContextEvent, subject_id: int) -> None:
    inserted = connection.execute(
        "INSERT INTO events"
        " (tenant, source, dedup_key, service_name, timestamp, last_seen, expires_at, count, event, subject_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.tenant,
            event.source,
            event.dedup_key,
            event.service_name,
            event.timestamp,
            event.last_seen,
            event.expires_at,
            event.count,
            _ENCODER.encode(event),
            subject_id,
        ),
    )
    row_id = inserted.lastrowid or 0
    _add_sighting(connection, (subject_id, event.last_seen, row_id, event.timestamp, event.expires_at))


# Deleting an event deletes its sighting by a trigger. A trigger at each insert or update would cost more than these
# statements do: within a savepoint SQLite copies the pages that a statement with triggers changes, each time anew.


def _add_sighting(connection: sqlite3.Connection, sighting: tuple[int, float, int, float, float]) -> None:
    connection.execute(
        "INSERT INTO sightings (subject_id, last_seen, row_id, timestamp, expires_at) VALUES (?, ?, ?, ?, ?)", sighting
    )


def _move_sighting(connection: sqlite3.Connection, known: _Known, now: _Known) -> None:
    before, after = _sighting(known), _sighting(now)
    if before != after:
        connection.execute("DELETE FROM sightings WHERE subject_id = ? AND last_seen = ? AND row_id = ?", before[:3])
        _add_sighting(connection, after)


def _sighting(of: _Known) -> tuple[int, float, int, float, float]:
    return of.subject_id, of.last_seen, of.row_id, of.timestamp, of.expires_at


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
