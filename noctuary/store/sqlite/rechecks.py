"""Which incidents are to have their evidence gathered once more, and when."""

import sqlite3

from noctuary.store.interface import FinishRecheck, IncidentKey, ScheduleRecheck


def schedule(connection: sqlite3.Connection, change: ScheduleRecheck) -> None:
    """Set when an incident is due."""
    connection.execute(
        "INSERT OR REPLACE INTO rechecks (integration_id, incident_id, due_at) VALUES (?, ?, ?)",
        (change.integration_id, change.incident_id, change.at),
    )


def finish(connection: sqlite3.Connection, change: FinishRecheck) -> None:
    """Forget an incident, unless it was scheduled anew meanwhile."""
    connection.execute(
        "DELETE FROM rechecks WHERE integration_id = ? AND incident_id = ? AND due_at <= ?",
        (change.integration_id, change.incident_id, change.due_until),
    )


def due(connection: sqlite3.Connection, now: float, limit: int) -> list[IncidentKey]:
    """Return due incidents, due first."""
    return connection.execute(
        "SELECT integration_id, incident_id FROM rechecks WHERE due_at <= ? ORDER BY due_at LIMIT ?", (now, limit)
    ).fetchall()


def still_due(connection: sqlite3.Connection, key: IncidentKey, now: float) -> IncidentKey | None:
    """Return the incident if it is due now."""
    found: IncidentKey | None = connection.execute(
        "SELECT integration_id, incident_id FROM rechecks WHERE integration_id = ? AND incident_id = ? AND due_at <= ?",
        (*key, now),
    ).fetchone()
    return found
