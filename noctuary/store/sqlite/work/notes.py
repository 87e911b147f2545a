"""Notes that wait to be sent or checked."""

import sqlite3

from noctuary.models.incident import NoteRow
from noctuary.store.rows import IncidentKey
from noctuary.store.sqlite import incidents
from noctuary.store.sqlite.work.turns import Looker, Waiting

LOOKER = Looker(Waiting("notes", "due_at IS NOT NULL", "account, incident_id"), tuple)


def still_due(connection: sqlite3.Connection, keys: list[IncidentKey], now: float) -> dict[IncidentKey, NoteRow]:
    """Return those of the notes that are to be sent or checked now."""
    due = {}
    for key in keys:
        row = connection.execute(
            "SELECT 1 FROM notes WHERE account = ? AND incident_id = ? AND due_at <= ?",
            (*key, now),
        ).fetchone()
        note = incidents.get_note(connection, *key) if row is not None else None
        if note is not None:
            due[key] = note
    return due


def wake(connection: sqlite3.Connection, integration_id: str, now: float, limit: int) -> int:
    """Have at most so many unsent notes of an integration due at once; return how many were not."""
    keys = connection.execute(
        "SELECT account, incident_id FROM notes"
        " WHERE due_at > ? AND integration_id = ? AND is_unsent = 1 ORDER BY due_at LIMIT ?",
        (now, integration_id, limit),
    ).fetchall()
    for key in keys:
        note = incidents.get_note(connection, *key)
        if note is not None:
            note.next_attempt_at = 0.0
            incidents.save_note(connection, note)
    return len(keys)
