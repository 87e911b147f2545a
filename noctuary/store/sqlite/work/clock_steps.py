"""Our clock is set back: all that was put off while it was ahead is due, by one rule for whatever waits."""

import asyncio
import sqlite3
import time

import structlog

from noctuary.common import clock
from noctuary.common.errors import StoreUnavailable
from noctuary.store.rows import IntegrationState
from noctuary.store.sqlite import integration_states
from noctuary.store.sqlite.database import Database
from noctuary.store.sqlite.jobs import Bulk

log = structlog.get_logger()

SLACK_S = 5.0
"""A clock that is kept right is moved by less; so much longer than it should does work wait at most."""
LATE_S = 30.0
"""What was reckoned before the step may be written after it: a call takes no longer. Then all is gone over again."""
CHUNK = 1_000
"""Rows of a kind that are due at once: some milliseconds of writing, then others come."""

_LOOKS = (
    "UPDATE {0} SET due_at = :now WHERE (integration_id, incident_id) IN"
    " (SELECT integration_id, incident_id FROM {0} WHERE due_at > :now LIMIT :chunk)"
)
_WEBHOOKS = (
    "UPDATE inbox SET due_at = :now WHERE id IN"
    " (SELECT id FROM inbox WHERE finished_at IS NULL AND parked = 0 AND due_at > :now LIMIT :chunk)"
)
_NOTES = (
    "UPDATE notes SET next_attempt_at = min(next_attempt_at, :now), check_at = min(check_at, :now),"
    " revision = revision + 1 WHERE rowid IN (SELECT rowid FROM notes WHERE due_at > :now LIMIT :chunk)"
)
"""Who has read a note decides anew: the row counts as written."""
_DUE = (_WEBHOOKS, _NOTES, _LOOKS.format("rechecks"), _LOOKS.format("visits"))


class ClockSteps:
    """Compares the clock with the latest time that was seen; the file has it as of the last probe, for restarts.

    Used from one event loop.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._latest: float | None = None
        self._late: tuple[float, float] | None = None
        self._lock = asyncio.Lock()

    async def follow(self) -> None:
        """Look at the clock; whoever is about to look for due work calls it."""
        now = clock.now()
        if self._latest is not None and now >= self._latest - SLACK_S and self._late is None:
            self._latest = max(self._latest, now)
        elif not self._lock.locked():
            async with self._lock:
                await self._look(now)

    async def _look(self, now: float) -> None:
        try:
            latest = self._latest if self._latest is not None else await self._database.read(_latest_kept)
            if now < latest - SLACK_S:
                log.warning("The clock was set back, what waits is due", seconds=round(latest - now))
                await self._set_right(now, latest - now)
                self._late = time.monotonic() + LATE_S, latest - now
                self._latest = now
                return
            if self._late is not None and time.monotonic() >= self._late[0]:
                await self._set_right(now, self._late[1])
                self._late = None
            self._latest = max(latest, now)
        except StoreUnavailable as error:
            log.warning("What a clock put off cannot be set right, retrying", error=str(error))

    async def _set_right(self, now: float, step_s: float) -> None:
        bulk = Bulk(None, None, CHUNK, is_upkeep=True)
        while await self._database.write_bulk(lambda c: _set_right(c, now, step_s), bulk):
            pass


def _latest_kept(connection: sqlite3.Connection) -> float:
    at: float = connection.execute("SELECT at FROM probe").fetchone()[0]
    return at


def _set_right(connection: sqlite3.Connection, now: float, step_s: float) -> bool:
    """Have some of all that waits due now, and date back what integrations met later; return whether there is more."""
    counts = [connection.execute(each, {"now": now, "chunk": CHUNK}).rowcount for each in _DUE]
    counts.append(_date_back(connection, now, step_s))
    if max(counts) == CHUNK:
        return True
    connection.execute("UPDATE probe SET at = ?", (now,))
    return False


def _date_back(connection: sqlite3.Connection, now: float, step_s: float) -> int:
    """Keep the order of notes and refusals: the later one tells whether a refusal holds."""
    met = connection.execute(
        "SELECT id, last_failure_at, last_note_at FROM facts WHERE last_failure_at > ?1 OR last_note_at > ?1 LIMIT ?2",
        (now, CHUNK),
    ).fetchall()
    for integration_id, *times in met:
        failure_at, note_at = (at - step_s if at is not None and at > now else at for at in times)
        state = IntegrationState(id=integration_id, last_failure_at=failure_at, last_note_at=note_at)
        integration_states.save(connection, state)
    return len(met)
