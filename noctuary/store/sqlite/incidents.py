"""Incidents and the outbox of their notes."""

import sqlite3

import msgspec

from noctuary.models.incident import IncidentRow, NoteRow

RESOLVED = "resolved"


def save(connection: sqlite3.Connection, row: IncidentRow) -> None:
    """Insert or replace an incident; the diagnosis has a column of its own, as it is large and binary."""
    connection.execute(
        "INSERT OR REPLACE INTO incidents (account, incident_id, integration_id, is_open, incident, diagnosis)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            row.account,
            row.incident_id,
            row.integration_id,
            row.status != RESOLVED,
            msgspec.json.encode(msgspec.structs.replace(row, diagnosis=None)),
            row.diagnosis,
        ),
    )


def get(connection: sqlite3.Connection, account: str, incident_id: str) -> IncidentRow | None:
    """Return one incident."""
    row = connection.execute(
        "SELECT incident, diagnosis FROM incidents WHERE account = ? AND incident_id = ?", (account, incident_id)
    ).fetchone()
    return None if row is None else _incident(*row)


def _incident(encoded: bytes, diagnosis: bytes | None) -> IncidentRow:
    incident = msgspec.json.decode(encoded, type=IncidentRow)
    incident.diagnosis = diagnosis
    return incident


def known(connection: sqlite3.Connection, account: str, incident_ids: list[str]) -> set[str]:
    """Return which of these incidents we have."""
    rows = connection.execute(
        "SELECT incident_id FROM incidents WHERE account = ? AND incident_id IN (SELECT value FROM json_each(?))",
        (account, msgspec.json.encode(incident_ids).decode()),
    )
    return {incident_id for (incident_id,) in rows}


def open_ones(connection: sqlite3.Connection, integration_id: str) -> list[IncidentRow]:
    """Return the incidents of an integration that are not resolved."""
    rows = connection.execute(
        "SELECT incident, diagnosis FROM incidents WHERE integration_id = ? AND is_open = 1", (integration_id,)
    )
    return [_incident(*row) for row in rows]


def save_note(connection: sqlite3.Connection, note: NoteRow) -> None:
    """Insert or replace a note."""
    connection.execute(
        "INSERT OR REPLACE INTO notes (account, incident_id, is_unsent, next_attempt_at, check_at, note)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            note.account,
            note.incident_id,
            note.rev > note.sent_rev,
            note.next_attempt_at,
            note.check_at,
            msgspec.json.encode(note),
        ),
    )


def get_note(connection: sqlite3.Connection, account: str, incident_id: str) -> NoteRow | None:
    """Return one note."""
    row = connection.execute(
        "SELECT note FROM notes WHERE account = ? AND incident_id = ?", (account, incident_id)
    ).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=NoteRow)


def due_notes(connection: sqlite3.Connection, now: float, limit: int) -> list[NoteRow]:
    """Return notes to send or to check whose waiting time is over, due first."""
    rows = connection.execute(
        "SELECT note, next_attempt_at AS due FROM notes WHERE is_unsent = 1 AND next_attempt_at <= ?1"
        " UNION ALL SELECT note, max(check_at, next_attempt_at) AS due FROM notes"
        " WHERE is_unsent = 0 AND check_at <= ?1 AND next_attempt_at <= ?1 ORDER BY due LIMIT ?2",
        (now, limit),
    )
    return [msgspec.json.decode(encoded, type=NoteRow) for encoded, _ in rows]


def unsent_notes(connection: sqlite3.Connection) -> int:
    """Return how many notes PagerDuty has not confirmed yet."""
    count: int = connection.execute("SELECT count(*) FROM notes WHERE is_unsent = 1").fetchone()[0]
    return count
