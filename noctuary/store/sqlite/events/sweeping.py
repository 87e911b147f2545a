"""What goes because nobody can see it any more: found beside the writer, deleted by it a chunk at a time."""

import sqlite3
from typing import NamedTuple

from noctuary.store.limits import StoreLimits
from noctuary.store.sqlite.events import services, unused
from noctuary.store.sqlite.events.ledger import Ledger

COUNTED_ROWS = 2_000
"""Events of before the upgrade that are counted at once; reading their sizes takes some milliseconds."""

LOOK_AHEAD = 8
"""Of so many times more those that stand beside each other are deleted first: half as many pages change."""


class Expired(NamedTuple):
    """Events that have expired, and whether some of before the upgrade are not counted yet."""

    row_ids: list[int]
    is_uncounted: bool


class Unused(NamedTuple):
    """Names that no event bears any more, and tenants that keep too many of them."""

    subject_ids: list[int]
    services: list[tuple[str, str]]
    crowded: list[str]


def find(connection: sqlite3.Connection, now: float, limit: int) -> Expired:
    """Find events that have expired, at most `limit`."""
    rows = connection.execute(
        "SELECT row_id FROM owners CROSS JOIN expiries USING (owner_id) WHERE expires_at <= ? LIMIT ?",
        (now, limit * LOOK_AHEAD),
    ).fetchall()
    is_uncounted = connection.execute("SELECT 1 FROM uncounted").fetchone() is not None
    return Expired(sorted(row_id for (row_id,) in rows)[:limit], is_uncounted)


def delete(connection: sqlite3.Connection, found: Expired, now: float) -> int:
    """Delete those that are expired still, and count some of what is not counted yet; return how many went."""
    if found.is_uncounted:
        count_some(connection)
    ledger = Ledger(connection)
    gone = ledger.delete([row for row in ledger.stored(found.row_ids) if row.expires_at <= now])
    ledger.save()
    if gone:
        connection.execute("DELETE FROM owners WHERE events = 0")
    return gone


def find_unused(connection: sqlite3.Connection, now: float, limit: int, limits: StoreLimits) -> Unused:
    """Find subjects without events and services of which nothing was seen for long, at most `limit` of each."""
    stale = unused.stale(connection, now, limit), services.stale(connection, now, limit)
    return Unused(*stale, unused.crowded(connection, limits))


def delete_unused(connection: sqlite3.Connection, found: Unused, now: float, limits: StoreLimits) -> int:
    """Forget those names that are unused still; return how many."""
    gone = unused.forget(connection, found.subject_ids) + unused.keep_shares(connection, found.crowded, limits)
    return len(gone) + services.forget(connection, services.still_stale(connection, found.services, now))


def count_some(connection: sqlite3.Connection) -> None:
    """Give the next events of before the upgrade to their owners."""
    after_row, to_row = connection.execute("SELECT after_row, to_row FROM uncounted").fetchone() or (0, 0)
    rows = connection.execute(
        "SELECT row_id, tenant, source, expires_at, length(event) FROM events"
        " WHERE row_id > ? AND row_id <= ? ORDER BY row_id LIMIT ?",
        (after_row, to_row, COUNTED_ROWS),
    ).fetchall()
    ledger = Ledger(connection)
    expiries = []
    for row_id, tenant, source, expires_at, size in rows:
        owner = ledger.owner(tenant, source)
        owner.events += 1
        owner.bytes += size
        expiries.append((owner.id, expires_at, row_id))
    connection.executemany("INSERT INTO expiries VALUES (?, ?, ?)", expiries)
    ledger.save()
    if len(rows) < COUNTED_ROWS:
        connection.execute("DELETE FROM uncounted")
    else:
        connection.execute("UPDATE uncounted SET after_row = ?", (rows[-1][0],))
