"""Which incidents are to be decided anew for an integration, and when: unconfirmed, or with a note that may be its."""

import sqlite3

from noctuary.store.interface import FinishVisit, HastenVisits, IncidentKey, ScheduleVisit, VisitRivals
from noctuary.store.sqlite.work.turns import Looker, Waiting

AHEAD_S = 2 * 3600.0
"""No rule puts a visit off for longer: what is due later was scheduled by a clock that was ahead, and is due now."""

LOOKER = Looker(Waiting("visits", "due_at IS NOT NULL", "integration_id, incident_id", AHEAD_S), tuple)


def schedule(connection: sqlite3.Connection, change: ScheduleVisit) -> None:
    """Set when an incident is due."""
    connection.execute(
        "INSERT OR REPLACE INTO visits (integration_id, incident_id, due_at) VALUES (?, ?, ?)",
        (change.integration_id, change.incident_id, change.at),
    )


def finish(connection: sqlite3.Connection, change: FinishVisit) -> None:
    """Forget an incident, unless it was scheduled anew meanwhile."""
    connection.execute(
        "DELETE FROM visits WHERE integration_id = ?1 AND incident_id = ?2 AND (due_at <= ?3 OR due_at > ?3 + ?4)",
        (change.integration_id, change.incident_id, change.due_until, AHEAD_S),
    )


def hasten(connection: sqlite3.Connection, change: HastenVisits) -> None:
    """Have all of an integration due at a time, if not before."""
    connection.execute(
        "UPDATE visits SET due_at = ?1 WHERE integration_id = ?2 AND due_at > ?1", (change.at, change.integration_id)
    )


def schedule_rivals(connection: sqlite3.Connection, change: VisitRivals) -> None:
    """Have everybody else who confirmed an incident visited."""
    connection.execute(
        "INSERT OR REPLACE INTO visits (integration_id, incident_id, due_at)"
        " SELECT integration_id, incident_id, ? FROM incidents"
        " WHERE incident_id = ? AND account = ? AND account <> '' AND integration_id <> ?",
        (change.at, change.incident_id, change.account, change.but_not),
    )


def still_due(connection: sqlite3.Connection, keys: list[IncidentKey], now: float) -> dict[IncidentKey, IncidentKey]:
    """Return those of the incidents that are due now."""
    statement = (
        "SELECT 1 FROM visits WHERE integration_id = ?1 AND incident_id = ?2 AND (due_at <= ?3 OR due_at > ?3 + ?4)"
    )
    return {key: key for key in keys if connection.execute(statement, (*key, now, AHEAD_S)).fetchone()}
