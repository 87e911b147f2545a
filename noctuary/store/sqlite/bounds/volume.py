"""What all namespaces keep together: once it is nearly the store's limit, who keeps more than others gives way.

First posted events are refused and the cluster's own replace each other, then the oldest go that may, at last webhooks
and incidents are refused: always only those of namespaces that keep at least the average. Who keeps less goes on.
"""

import sqlite3

from noctuary.store.limits import KEPT_ROW_BYTES, WEBHOOK_ROW_BYTES, StoreLimits
from noctuary.store.sqlite.events.ledger import STORED, Ledger, Stored

EVENTS_REFUSED_ABOVE = 0.80
"""Of the limit: events are the most that there is, and the first that can be done without."""
RELIEVED_ABOVE = 0.85
"""Above it the sweep makes room, faster than what may still come in fills it."""
ALL_REFUSED_ABOVE = 0.95
"""Above it nothing more is taken of who keeps the average or more."""


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return what the file holds; pages that were freed are used again, so they count as free."""
    (pages,), (free,), (size,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    used: int = (pages - free) * size
    return used


def is_refused(connection: sqlite3.Connection, tenant: str, limits: StoreLimits) -> bool:
    """Tell whether nothing more is taken of a namespace."""
    is_full = used_bytes(connection) > limits.store_bytes * ALL_REFUSED_ABOVE
    return is_full and _keeps_average(connection, tenant)


def without_events(connection: sqlite3.Connection, tenants: set[str], limits: StoreLimits) -> set[str]:
    """Return those of the namespaces of which no more events are taken."""
    if used_bytes(connection) <= limits.store_bytes * EVENTS_REFUSED_ABOVE:
        return set()
    return {tenant for tenant in tenants if _keeps_average(connection, tenant)}


def is_to_relieve(connection: sqlite3.Connection, limits: StoreLimits) -> bool:
    """Tell whether the sweep is to make room."""
    return used_bytes(connection) > limits.store_bytes * RELIEVED_ABOVE


def push_out_events(connection: sqlite3.Connection, limit: int) -> int:
    """Delete those events that expire first of the namespace that has the most bytes of them; return how many."""
    row = connection.execute(
        "SELECT tenant, source FROM owners WHERE events > 0 ORDER BY bytes DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return 0
    ledger = Ledger(connection)
    rows = connection.execute(
        f"SELECT {STORED} FROM events WHERE row_id IN"  # noqa: S608 - a constant
        " (SELECT row_id FROM expiries WHERE owner_id = ? ORDER BY expires_at LIMIT ?)",
        (ledger.owner(*row).id, limit),
    )
    gone = ledger.delete([Stored(*columns) for columns in rows.fetchall()])
    ledger.save()
    return gone


def _keeps_average(connection: sqlite3.Connection, tenant: str) -> bool:
    """Tell whether a namespace keeps at least what all of them keep on average; reads their counters only."""
    weights = (WEBHOOK_ROW_BYTES, KEPT_ROW_BYTES, tenant)
    own, everything, tenants = connection.execute(
        "SELECT sum(iif(tenant = ?3, size, 0)), sum(size), count(DISTINCT tenant) FROM ("
        "SELECT tenant, waiting_bytes + kept_bytes + ?1 * (waiting + finished) + ?2 * kept AS size FROM holdings"
        " UNION ALL SELECT tenant, bytes FROM owners)",
        weights,
    ).fetchone()
    return bool(tenants) and own * tenants >= everything
