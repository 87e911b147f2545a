"""Which incidents are to have their evidence gathered once more, and when."""

import sqlite3

from noctuary.store.interface import FinishRecheck, IncidentKey, ScheduleRecheck

HORIZON_S = 1800.0
"""The last look at an incident comes five minutes after the first; what is due later is of a clock that was ahead."""


def schedule(connection: sqlite3.Connection, change: ScheduleRecheck) -> None:
    """Set when an incident is due."""
    connection.execute(
        "INSERT OR REPLACE INTO rechecks (integration_id, incident_id, due_at) VALUES (?, ?, ?)",
        (change.integration_id, change.incident_id, change.at),
    )


def finish(connection: sqlite3.Connection, change: FinishRecheck) -> None:
    """Forget an incident, unless it was scheduled anew meanwhile."""
    connection.execute(
        "DELETE FROM rechecks WHERE integration_id = ? AND incident_id = ? AND (due_at <= ? OR due_at > ?)",
        (change.integration_id, change.incident_id, change.due_until, change.due_until + HORIZON_S),
    )


def due(connection: sqlite3.Connection, now: float, limit: int) -> list[IncidentKey]:
    """Return due incidents, due first."""
    return connection.execute(
        "SELECT * FROM (SELECT integration_id, incident_id FROM rechecks WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3)"
        " UNION ALL SELECT * FROM"
        " (SELECT integration_id, incident_id FROM rechecks WHERE due_at > ?2 ORDER BY due_at LIMIT ?3) LIMIT ?3",
        (now, now + HORIZON_S, limit),
    ).fetchall()


def still_due(connection: sqlite3.Connection, keys: list[IncidentKey], now: float) -> dict[IncidentKey, IncidentKey]:
    """Return those of the incidents that are due now."""
    statement = "SELECT 1 FROM rechecks WHERE integration_id = ? AND incident_id = ? AND (due_at <= ? OR due_at > ?)"
    return {key: key for key in keys if connection.execute(statement, (*key, now, now + HORIZON_S)).fetchone()}
