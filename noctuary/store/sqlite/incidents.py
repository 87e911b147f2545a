"""Incidents, a row per integration that was told of one, and the notes that should exist in them."""

import sqlite3

import msgspec

from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import MoveNote
from noctuary.store.sqlite import revisions

RESOLVED = "resolved"
_SELECT = (
    "SELECT incident, integration_id, account, coalesce(api_url, told_to), diagnosis, revision"
    " FROM incidents WHERE integration_id = ?"
)


def save(connection: sqlite3.Connection, row: IncidentRow) -> None:
    """Write an incident; the diagnosis has a column of its own, as it is large and binary. Raises RevisionConflict."""
    values: dict[str, revisions.Value] = {
        "told_to": row.integration_id,
        "account": row.account,
        "api_url": row.api_url,
        "is_open": row.status != RESOLVED,
        "incident": msgspec.json.encode(msgspec.structs.replace(row, diagnosis=None, revision=0)),
        "diagnosis": row.diagnosis,
    }
    revisions.save(connection, "incidents", (row.integration_id, row.incident_id), row.revision, values)


def get(connection: sqlite3.Connection, integration_id: str, incident_id: str) -> IncidentRow | None:
    """Return one incident as one integration knows it."""
    row = connection.execute(f"{_SELECT} AND incident_id = ?", (integration_id, incident_id)).fetchone()
    return None if row is None else _incident(*row)


def confirmed_by(connection: sqlite3.Connection, account: str, incident_id: str) -> list[str]:
    """Return the ids of the integrations whose own token read an incident of an account."""
    rows = connection.execute(
        "SELECT integration_id FROM incidents WHERE incident_id = ? AND account = ? AND account <> ''",
        (incident_id, account),
    )
    return [integration_id for (integration_id,) in rows]


def accounts_of(connection: sqlite3.Connection, api_url: str, incident_id: str) -> list[str]:
    """Return the accounts in which an API's incident was confirmed, the one of the first row first."""
    rows = connection.execute(
        "SELECT account FROM incidents WHERE incident_id = ? AND api_url = ? AND account <> ''"
        " GROUP BY account ORDER BY min(rowid)",
        (incident_id, api_url),
    )
    return [account for (account,) in rows]


def save_note(connection: sqlite3.Connection, note: NoteRow) -> None:
    """Write a note; raise RevisionConflict."""
    values: dict[str, revisions.Value] = {
        "integration_id": note.integration_id,
        "is_unsent": note.rev > note.sent_rev,
        "next_attempt_at": note.next_attempt_at,
        "check_at": note.check_at,
        "note": msgspec.json.encode(msgspec.structs.replace(note, revision=0)),
    }
    revisions.save(connection, "notes", (note.account, note.incident_id), note.revision, values)


def get_note(connection: sqlite3.Connection, account: str, incident_id: str) -> NoteRow | None:
    """Return one note."""
    row = connection.execute(
        "SELECT note, account, revision, next_attempt_at, check_at FROM notes WHERE account = ? AND incident_id = ?",
        (account, incident_id),
    ).fetchone()
    return None if row is None else _note(*row)


def move_note(connection: sqlite3.Connection, change: MoveNote) -> None:
    """Keep a note under another account; one that stands there already stays as it is."""
    connection.execute(
        "UPDATE OR IGNORE notes SET account = ? WHERE account = ? AND incident_id = ?",
        (change.to_account, change.account, change.incident_id),
    )


def unsent_notes(connection: sqlite3.Connection) -> int:
    """Return how many notes PagerDuty has not confirmed yet."""
    count: int = connection.execute("SELECT count(*) FROM notes WHERE is_unsent = 1").fetchone()[0]
    return count


def _incident(
    encoded: bytes, integration_id: str, account: str, api_url: str, diagnosis: bytes | None, revision: int
) -> IncidentRow:
    # The columns hold what an upgrade made of the row; its JSON is as an older release wrote it.
    incident = msgspec.json.decode(encoded, type=IncidentRow)
    incident.integration_id, incident.account, incident.api_url = integration_id, account, api_url
    incident.diagnosis, incident.revision = diagnosis, revision
    return incident


def _note(encoded: bytes, account: str, revision: int, next_attempt_at: float, check_at: float | None) -> NoteRow:
    # The columns hold what a clock that was set right made of its times.
    note = msgspec.json.decode(encoded, type=NoteRow)
    note.account, note.revision = account, revision
    note.next_attempt_at, note.check_at = next_attempt_at, check_at
    return note
