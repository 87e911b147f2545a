"""The state window: an incident's events, chosen before they are cut, so that no flood pushes others out."""

import sqlite3
from collections.abc import Sequence

import msgspec

from noctuary.models.context_event import CHANGE_TYPES
from noctuary.store.interface import EventQuery, Window
from noctuary.store.sqlite.events import rows, subjects

GENEROUS = 2
"""Rows that are read of each subject, in fair shares: most have few, and who has many may use what others leave."""
_Seen = tuple[float, int]
"""When an event was last seen, and its row."""


def select(connection: sqlite3.Connection, query: EventQuery) -> Window:
    """Return the unexpired events that happened or went on between the query's times: changes, and all else."""
    found = subjects.matching(connection, query)
    changes = _take(connection, [key for key, kind in found if kind in CHANGE_TYPES], query, query.change_limit)
    others = _take(connection, [key for key, kind in found if kind not in CHANGE_TYPES], query, query.limit)
    return Window(rows.read(connection, changes[0] + others[0]), changes[1], others[1])


def _take(connection: sqlite3.Connection, keys: Sequence[int], query: EventQuery, limit: int) -> tuple[list[int], int]:
    """Return the rows that are within the limit, and how many there were beyond it."""
    latest = keys[:limit]
    each = 1 + GENEROUS * limit // max(1, len(latest))
    newest = [_newest(connection, key, query, min(each, limit)) for key in latest]
    kept = _in_turn(newest, limit)
    if len(kept) < limit and any(len(seen) == each for seen in newest):
        kept = _in_turn([_newest(connection, key, query, limit) for key in latest], limit)
    beyond = _count(connection, keys, query) - len(kept) if len(kept) == limit else 0
    return kept, beyond


def _in_turn(newest: Sequence[Sequence[_Seen]], limit: int) -> list[int]:
    """Take from each subject its newest, then from each the second newest, and so on: none crowds out another."""
    ranked = [(rank, -at, row) for seen in newest for rank, (at, row) in enumerate(seen)]
    return [row for _, _, row in sorted(ranked)[:limit]]


_WITHIN = "last_seen >= ? AND timestamp <= ? AND expires_at > ?"


def _newest(connection: sqlite3.Connection, key: int, query: EventQuery, limit: int) -> list[_Seen]:
    return connection.execute(
        f"SELECT last_seen, row_id FROM sightings WHERE subject_id = ? AND {_WITHIN}"  # noqa: S608 - a constant
        " ORDER BY last_seen DESC, row_id LIMIT ?",
        (key, query.since, query.until, query.now, limit),
    ).fetchall()


def _count(connection: sqlite3.Connection, keys: Sequence[int], query: EventQuery) -> int:
    count: int = connection.execute(
        "SELECT count(*) FROM sightings"  # noqa: S608 - a constant
        f" WHERE subject_id IN (SELECT value FROM json_each(?)) AND {_WITHIN}",
        (msgspec.json.encode(list(keys)).decode(), query.since, query.until, query.now),
    ).fetchone()[0]
    return count
