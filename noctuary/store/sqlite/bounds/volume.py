"""What all namespaces keep together: once it is nearly the store's limit, who keeps most gives way.

First posted events are refused and the cluster's own replace each other, then the oldest go that may, at last webhooks
and incidents are refused: always only those of namespaces above the level to which all would have to be cut for what
they keep to fit, as water stands in vessels of several heights. Who keeps less than the level goes on.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from noctuary.store.limits import KEPT_ROW_BYTES, WEBHOOK_ROW_BYTES, StoreLimits
from noctuary.store.sqlite.events.ledger import STORED, Ledger, Stored

EVENTS_REFUSED_ABOVE = 0.80
"""Of the limit: events are the most that there is, and the first that can be done without."""
RELIEVED_ABOVE = 0.85
"""Above it the sweep makes room, faster than what may still come in fills it."""
ALL_REFUSED_ABOVE = 0.95
"""Above it nothing more is taken of who is above the level."""
LEVEL_STEP = 0.001
"""Of the limit: once so much more or less is used the level is worked out anew, and at each sweep; between two it is
remembered, since it reads the counters of all namespaces (a millisecond for a thousand)."""
SIZES = (
    "SELECT tenant, waiting_bytes + kept_bytes + ?1 * (waiting + finished) + ?2 * kept AS size FROM holdings"
    " UNION ALL SELECT tenant, bytes FROM owners"
    " UNION ALL SELECT tenant, unused_bytes FROM tenants"
)
"""What namespaces keep by their counters, in several rows each."""

USED = (
    "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
)


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return what the file holds; pages that were freed are used again, so they count as free."""
    used: int = connection.execute(USED).fetchone()[0]
    return used


class _Known(NamedTuple):
    """A level, and what was used of which bound when it was worked out."""

    bound: float
    used: int
    level: float


class Levels:
    """Remembers levels between sweeps; asked by the writer's thread."""

    def __init__(self) -> None:
        self._known: dict[float, _Known] = {}

    def forget(self) -> None:
        """Have each level worked out anew when it is asked for next: much may have moved from one to another."""
        self._known.clear()

    def is_refused(self, connection: sqlite3.Connection, tenant: str, limits: StoreLimits) -> bool:
        """Tell whether nothing more is taken of a namespace."""
        return bool(self._above(connection, {tenant}, ALL_REFUSED_ABOVE, limits))

    def without_events(self, connection: sqlite3.Connection, tenants: set[str], limits: StoreLimits) -> set[str]:
        """Return those of the namespaces of which no more events are taken."""
        return self._above(connection, tenants, EVENTS_REFUSED_ABOVE, limits)

    def _above(self, connection: sqlite3.Connection, tenants: set[str], share: float, limits: StoreLimits) -> set[str]:
        used, bound = used_bytes(connection), limits.store_bytes * share
        if used <= bound:
            return set()
        known = self._known.get(share)
        if known is None or known.bound != bound or abs(used - known.used) > limits.store_bytes * LEVEL_STEP:
            known = self._known[share] = _Known(bound, used, _level_now(connection, used, bound))
        return {tenant for tenant in tenants if _kept_by(connection, tenant) > known.level}


def level(sizes: Iterable[int], room: float) -> float:
    """Return to what all sizes must be cut for their sum to be `room`; infinity when they fit."""
    rising = sorted(sizes)
    for place, size in enumerate(rising):
        each = room / (len(rising) - place)
        if size > each:
            return each
        room -= size
    return float("inf")


def tenants_above(connection: sqlite3.Connection, limits: StoreLimits) -> list[str]:
    """Return the namespaces that the sweep is to make room from."""
    used, bound = used_bytes(connection), limits.store_bytes * RELIEVED_ABOVE
    if used <= bound:
        return []
    now = _level_now(connection, used, bound)
    return [tenant for tenant, size in _sizes(connection).items() if size > now]


def push_out_events(connection: sqlite3.Connection, tenants: Iterable[str], limit: int) -> int:
    """Delete those events that expire first of whichever of the namespaces has most bytes of them; return how many."""
    row = connection.execute(
        "SELECT tenant, source FROM owners WHERE events > 0 AND tenant IN (SELECT value FROM json_each(?))"
        " ORDER BY bytes DESC LIMIT 1",
        (msgspec.json.encode(list(tenants)).decode(),),
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


def _level_now(connection: sqlite3.Connection, used: int, bound: float) -> float:
    """Return the level for a bound of the file: its indexes are part of what is used, and no namespace's counters."""
    sizes = _sizes(connection).values()
    return level(sizes, sum(sizes) * bound / used)


def _sizes(connection: sqlite3.Connection) -> dict[str, int]:
    question = f"SELECT tenant, sum(size) FROM ({SIZES}) GROUP BY tenant"  # noqa: S608 - a constant
    return dict(connection.execute(question, (WEBHOOK_ROW_BYTES, KEPT_ROW_BYTES)).fetchall())


def _kept_by(connection: sqlite3.Connection, tenant: str) -> int:
    question = f"SELECT coalesce(sum(size), 0) FROM ({SIZES}) WHERE tenant = ?3"  # noqa: S608 - a constant
    size: int = connection.execute(question, (WEBHOOK_ROW_BYTES, KEPT_ROW_BYTES, tenant)).fetchone()[0]
    return size
