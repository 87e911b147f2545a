"""Subjects that no event is about any more: they serve when one is seen again, and each tenant keeps few of them."""

import sqlite3
from collections.abc import Iterable

import msgspec

from noctuary.store.limits import StoreLimits
from noctuary.store.sqlite.events.subject_ids import NAMES

KEEP_S = 2 * 86_400.0
"""Longer than any lookback: a subject that is seen again soon keeps its row."""
MAX_PUSHED_OUT = 2_000
"""Of a tenant at once: more than the events of one transaction can leave behind, and some milliseconds of writing."""
_ARE_THEY = "subject_id IN (SELECT value FROM json_each(?))"
_IS_UNUSED = "NOT EXISTS (SELECT 1 FROM sightings WHERE sightings.subject_id = subjects.subject_id)"
OLDEST = "SELECT subject_id, size FROM subjects WHERE tenant = ? AND unused_at IS NOT NULL ORDER BY unused_at LIMIT ?"
STALE = "SELECT subject_id FROM tenants CROSS JOIN subjects USING (tenant) WHERE unused_at < ? LIMIT ?"


def mark(connection: sqlite3.Connection, subject_ids: Iterable[int]) -> None:
    """Mark those of the subjects that no event is about."""
    connection.execute(
        f"UPDATE subjects SET unused_at = last_event_at WHERE {_ARE_THEY} AND {_IS_UNUSED}",  # noqa: S608 - constants
        (_json(set(subject_ids)),),
    )


def crowded(connection: sqlite3.Connection, limits: StoreLimits) -> list[str]:
    """Return the tenants whose unused subjects weigh more than they may."""
    rows = connection.execute("SELECT tenant FROM tenants WHERE unused_bytes > ?", (limits.unused_subject_bytes,))
    return [tenant for (tenant,) in rows]


def keep_shares(connection: sqlite3.Connection, tenants: Iterable[str], limits: StoreLimits) -> list[tuple[str, ...]]:
    """Forget what tenants have beyond their shares, the subjects seen least lately; return their names."""
    rows = connection.execute(
        "SELECT tenant, unused_bytes FROM tenants"
        " WHERE tenant IN (SELECT value FROM json_each(?)) AND unused_bytes > ?",
        (_json(set(tenants)), limits.unused_subject_bytes),
    ).fetchall()
    return [
        names
        for tenant, size in rows
        for names in forget(connection, _oldest(connection, tenant, size - limits.unused_subject_bytes))
    ]


def _oldest(connection: sqlite3.Connection, tenant: str, excess: int) -> list[int]:
    """Return the unused subjects of a tenant that were seen least lately, as many as weigh so much."""
    found = []
    for subject_id, size in connection.execute(OLDEST, (tenant, MAX_PUSHED_OUT)):
        if excess <= 0:
            break
        found.append(subject_id)
        excess -= size
    return found


def forget(connection: sqlite3.Connection, subject_ids: list[int]) -> list[tuple[str, ...]]:
    """Forget those of the subjects that no event is about still, unmark the others; return the names that went."""
    argument = (_json(subject_ids),)
    gone = connection.execute(
        f"DELETE FROM subjects WHERE {_ARE_THEY} AND {_IS_UNUSED} RETURNING {NAMES}",  # noqa: S608 - constants
        argument,
    ).fetchall()
    connection.execute(f"UPDATE subjects SET unused_at = NULL WHERE {_ARE_THEY}", argument)  # noqa: S608 - a constant
    return gone


def stale(connection: sqlite3.Connection, now: float, limit: int) -> list[int]:
    """Return unused subjects that were not seen for long."""
    return [subject_id for (subject_id,) in connection.execute(STALE, (now - KEEP_S, limit))]


def _json(values: Iterable[int] | Iterable[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
