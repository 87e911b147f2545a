"""What each tenant keeps of each source, counted in the transaction that changes it."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from noctuary.store.sqlite.events import unused


@dataclass(slots=True)
class Owner:
    """A tenant's events of one source, and the bytes of their JSON."""

    id: int
    events: int = 0
    bytes: int = 0


class Stored(NamedTuple):
    """What must be known of a stored event to delete it, and all that stands beside it."""

    row_id: int
    tenant: str
    source: str
    subject_id: int
    last_seen: float
    expires_at: float
    size: int


STORED = "row_id, tenant, source, subject_id, last_seen, expires_at, length(event)"
"""The columns of Stored."""


class Ledger:
    """The owners that one piece of work concerns: read when asked for, written by `save`, in one transaction.

    Events of before the upgrade that are not counted yet are in no owner's numbers, and stay out of them here.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tenants: dict[str, dict[str, Owner]] = {}
        row = connection.execute("SELECT after_row, to_row FROM uncounted").fetchone()
        self._uncounted: tuple[int, int] = row or (0, 0)

    def sources(self, tenant: str) -> dict[str, Owner]:
        """Return a tenant's owners by source."""
        known = self._tenants.get(tenant)
        if known is None:
            rows = self._connection.execute(
                "SELECT source, owner_id, events, bytes FROM owners WHERE tenant = ?", (tenant,)
            )
            known = self._tenants[tenant] = {source: Owner(*of_it) for source, *of_it in rows}
        return known

    def owner(self, tenant: str, source: str) -> Owner:
        """Return an owner; it is made when there is none."""
        sources = self.sources(tenant)
        owner = sources.get(source)
        if owner is None:
            made = self._connection.execute("INSERT INTO owners (tenant, source) VALUES (?, ?)", (tenant, source))
            owner = sources[source] = Owner(made.lastrowid or 0)
        return owner

    def is_counted(self, row_id: int) -> bool:
        """Tell whether a stored event is in the numbers."""
        after_row, to_row = self._uncounted
        return not after_row < row_id <= to_row

    def next_row_id(self) -> int:
        """Return the first id above all that are taken, or are still to be counted."""
        row_id: int = self._connection.execute("SELECT coalesce(max(row_id), 0) FROM events").fetchone()[0]
        return max(row_id, self._uncounted[1]) + 1

    def delete(self, rows: Iterable[Stored]) -> int:
        """Delete events with what stands beside them; return how many."""
        gone = list(rows)
        execute = self._connection.executemany
        execute(
            "DELETE FROM sightings WHERE subject_id = ? AND last_seen = ? AND row_id = ?",
            [(row.subject_id, row.last_seen, row.row_id) for row in gone],
        )
        counted = [(self.owner(row.tenant, row.source), row) for row in gone if self.is_counted(row.row_id)]
        execute(
            "DELETE FROM expiries WHERE owner_id = ? AND expires_at = ? AND row_id = ?",
            [(owner.id, row.expires_at, row.row_id) for owner, row in counted],
        )
        execute("DELETE FROM events WHERE row_id = ?", [(row.row_id,) for row in gone])
        for owner, row in counted:
            owner.events -= 1
            owner.bytes -= row.size
        if gone:
            unused.mark(self._connection, (row.subject_id for row in gone))
        return len(gone)

    def stored(self, row_ids: list[int]) -> list[Stored]:
        """Return those of the rows that exist."""
        rows = self._connection.execute(
            f"SELECT {STORED} FROM events WHERE row_id IN (SELECT value FROM json_each(?))",  # noqa: S608 - a constant
            (msgspec.json.encode(row_ids).decode(),),
        )
        return [Stored(*row) for row in rows]

    def save(self) -> None:
        """Write the numbers of all that was asked for."""
        self._connection.executemany(
            "UPDATE owners SET events = ?, bytes = ? WHERE owner_id = ?",
            [(each.events, each.bytes, each.id) for sources in self._tenants.values() for each in sources.values()],
        )
