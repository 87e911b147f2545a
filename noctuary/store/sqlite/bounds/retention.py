"""Which incidents, notes and states of integrations are kept no longer."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from noctuary.store.limits import StoreLimits
from noctuary.store.sqlite.bounds import damaged
from noctuary.store.sqlite.bounds.damaged import DamagedRow

KEEP_STATE_S = 7 * 86_400.0
"""The state of an integration that is gone is kept a week: one that is deleted and made again by mistake goes on."""
WALKED_ROWS = 500
"""Incidents that are looked at at once, beside the writer: some milliseconds."""


class Over(NamedTuple):
    """An incident whose time is over, as it was read."""

    row_id: int
    revision: int


class Walk(NamedTuple):
    """What a part of the incidents shows: which are over, which are damaged, and where to go on (0: at the begin)."""

    over: list[Over]
    damaged: list[DamagedRow]
    next_row: int


class _Times(msgspec.Struct):
    triggered_at: float = 0.0
    updated_at: float = 0.0
    last_event_at: float = 0.0
    resolved_at: float | None = None

    def newest(self, now: float) -> float:
        """Return when the incident was last heard of; what lies ahead of now tells nothing."""
        times = (self.triggered_at, self.updated_at, self.last_event_at, self.resolved_at or 0.0)
        return max((at for at in times if at <= now), default=now)


_TIMES = msgspec.json.Decoder(_Times)


def walk(
    connection: sqlite3.Connection, after_row: int, now: float, limits: StoreLimits, existing: frozenset[str] | None
) -> Walk:
    """Look at the next incidents: closed ones, and all of integrations that are gone, have their time."""
    rows = connection.execute(
        "SELECT rowid, revision, integration_id, is_open, incident FROM incidents WHERE rowid > ?"
        " ORDER BY rowid LIMIT ?",
        (after_row, WALKED_ROWS),
    ).fetchall()
    over, found = [], []
    for row_id, revision, integration_id, is_open, incident in rows:
        try:
            newest = _TIMES.decode(incident).newest(now)
        except damaged.UNREADABLE:
            found.append(DamagedRow("incidents", row_id))
            continue
        is_gone = existing is not None and integration_id not in existing
        if (is_gone or not is_open) and newest < now - limits.incident_retention_s:
            over.append(Over(row_id, revision))
    return Walk(over, found, rows[-1][0] if len(rows) == WALKED_ROWS else 0)


def beyond_share(connection: sqlite3.Connection, limits: StoreLimits, limit: int) -> dict[str, list[Over]]:
    """Return the incidents beyond what integrations may keep, by integration: closed ones first, the oldest first."""
    crowded = connection.execute(
        "SELECT integration_id, count(*) FROM incidents GROUP BY integration_id HAVING count(*) > ?",
        (limits.incidents_per_integration,),
    ).fetchall()
    found: dict[str, list[Over]] = {}
    for integration_id, count in crowded:
        excess = min(count - limits.incidents_per_integration, limit)
        rows = connection.execute(
            "SELECT rowid, revision FROM incidents WHERE integration_id = ? ORDER BY is_open, rowid LIMIT ?",
            (integration_id, excess),
        )
        found[integration_id] = [Over(*row) for row in rows]
        limit -= excess
    return {integration_id: over for integration_id, over in found.items() if over}


class _NoteTimes(msgspec.Struct):
    integration_id: str
    incident_id: str
    created_at: float = 0.0
    sent_at: float | None = None


_NOTE_TIMES = msgspec.json.Decoder(_NoteTimes)


def walk_notes(connection: sqlite3.Connection, after_row: int, now: float, limits: StoreLimits) -> Walk:
    """Look at the next notes: one of long ago, whose integration has no such incident any more, is over."""
    rows = connection.execute(
        "SELECT rowid, revision, note FROM notes WHERE rowid > ? ORDER BY rowid LIMIT ?", (after_row, WALKED_ROWS)
    ).fetchall()
    over, found = [], []
    for row_id, revision, content in rows:
        try:
            note = _NOTE_TIMES.decode(content)
        except damaged.UNREADABLE:
            found.append(DamagedRow("notes", row_id))
            continue
        is_old = max(note.created_at, note.sent_at or 0.0) < now - limits.incident_retention_s
        if is_old and not _has_incident(connection, note):
            over.append(Over(row_id, revision))
    return Walk(over, found, rows[-1][0] if len(rows) == WALKED_ROWS else 0)


def _has_incident(connection: sqlite3.Connection, note: _NoteTimes) -> bool:
    found = connection.execute(
        "SELECT 1 FROM incidents WHERE integration_id = ? AND incident_id = ?", (note.integration_id, note.incident_id)
    )
    return found.fetchone() is not None


def delete_notes(connection: sqlite3.Connection, over: Iterable[Over]) -> int:
    """Delete notes that nobody wrote since; return how many."""
    return connection.executemany("DELETE FROM notes WHERE rowid = ? AND revision = ?", list(over)).rowcount


def delete(connection: sqlite3.Connection, over: Iterable[Over]) -> int:
    """Delete incidents that nobody wrote since, with what belongs to them; return how many.

    The note of an incident that is open stays: who hears of that incident again must know the note that stands there.
    """
    gone = 0
    for each in over:
        row = connection.execute(
            "DELETE FROM incidents WHERE rowid = ? AND revision = ?"
            " RETURNING account, api_url, incident_id, integration_id, is_open",
            each,
        ).fetchall()
        gone += len(row)
        for account, api_url, incident_id, integration_id, is_open in row:
            if not is_open:
                for kept_under in {account, api_url}:  # the URL: until the account is learnt
                    _delete_beside(connection, kept_under, incident_id, integration_id)
    return gone


def _delete_beside(connection: sqlite3.Connection, account: str, incident_id: str, integration_id: str) -> None:
    """Delete the note of this integration, never another's of the same incident."""
    connection.execute(
        "DELETE FROM notes WHERE account = ? AND incident_id = ?"
        " AND json_valid(CAST(note AS TEXT)) AND json_extract(CAST(note AS TEXT), '$.integration_id') = ?",
        (account, incident_id, integration_id),
    )


def delete_states(connection: sqlite3.Connection, existing: frozenset[str], now: float) -> int:
    """Delete the states of integrations that are gone for long; return how many.

    The row with the highest number stays, since numbers go on from it.
    """
    return connection.execute(
        "DELETE FROM facts WHERE id NOT IN (SELECT value FROM json_each(?))"
        " AND max(coalesce(last_webhook_at, 0), coalesce(last_note_at, 0), coalesce(last_failure_at, 0),"
        " coalesce(compared_until, 0)) < ? AND seq < (SELECT max(seq) FROM facts)",
        (msgspec.json.encode(sorted(existing)).decode(), now - KEEP_STATE_S),
    ).rowcount
