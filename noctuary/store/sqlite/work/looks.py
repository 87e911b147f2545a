"""Which incidents are to be looked at again, and when: rechecks of their evidence, and visits that decide anew."""

import sqlite3

from noctuary.store.changes import FinishRecheck, FinishVisit, ScheduleRecheck, ScheduleVisit, VisitRivals
from noctuary.store.rows import IncidentKey
from noctuary.store.sqlite.work.turns import Looker, Waiting


class Looks:
    """One kind of looks, in a table of its own."""

    def __init__(self, table: str) -> None:
        self.looker = Looker(Waiting(table, "due_at IS NOT NULL", "integration_id, incident_id"), tuple)
        # All parts of these statements are constants of the two tables.
        is_over = "integration_id = ?1 AND incident_id = ?2 AND due_at <= ?3"
        self._set = f"INSERT OR REPLACE INTO {table} (integration_id, incident_id, due_at)"
        self._end = f"DELETE FROM {table} WHERE {is_over}"  # noqa: S608 - constants
        self._is_due = f"SELECT 1 FROM {table} WHERE {is_over}"  # noqa: S608 - constants
        self._hasten = (
            f"UPDATE {table} SET due_at = ?1 WHERE (integration_id, incident_id) IN"  # noqa: S608 - constants
            f" (SELECT integration_id, incident_id FROM {table}"
            " WHERE integration_id = ?2 AND due_at > ?1 ORDER BY due_at LIMIT ?3)"
        )

    def schedule(self, connection: sqlite3.Connection, change: ScheduleRecheck | ScheduleVisit) -> None:
        """Set when an incident is due."""
        connection.execute(f"{self._set} VALUES (?, ?, ?)", (change.integration_id, change.incident_id, change.at))

    def schedule_rivals(self, connection: sqlite3.Connection, change: VisitRivals) -> None:
        """Have everybody else who confirmed an incident look at it."""
        connection.execute(
            f"{self._set} SELECT integration_id, incident_id, ? FROM incidents"  # noqa: S608 - constants
            " WHERE incident_id = ? AND account = ? AND account <> '' AND integration_id <> ?",
            (change.at, change.incident_id, change.account, change.but_not),
        )

    def finish(self, connection: sqlite3.Connection, change: FinishRecheck | FinishVisit) -> None:
        """Forget an incident, unless it was scheduled anew meanwhile."""
        connection.execute(self._end, (change.integration_id, change.incident_id, change.due_until))

    def hasten(self, connection: sqlite3.Connection, integration_id: str, now: float, limit: int) -> int:
        """Have at most so many of an integration due at once, the next ones first; return how many were not."""
        return connection.execute(self._hasten, (now, integration_id, limit)).rowcount

    def still_due(
        self, connection: sqlite3.Connection, keys: list[IncidentKey], now: float
    ) -> dict[IncidentKey, IncidentKey]:
        """Return those of the incidents that are due now."""
        return {key: key for key in keys if connection.execute(self._is_due, (*key, now)).fetchone()}


RECHECKS = Looks("rechecks")
VISITS = Looks("visits")
