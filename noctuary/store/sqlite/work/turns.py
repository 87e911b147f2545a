"""Whose turn it is: of what is due, some of each integration, however much one of them has waiting."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from noctuary.common.turns import in_turns
from noctuary.store.shares import Share

LOOK = 1_000
"""Due rows that are looked at to see all of them; where more are due each integration is asked for some of its own."""
OWNERS_AT_ONCE = 2_000
"""Integrations that one look passes by at most, whether something of theirs is due or not: 6 ms of reading."""


class Waiting(NamedTuple):
    """A table of work that waits, as SQL: its name, what tells that a row waits, and the columns of its key."""

    table: str
    waits: str
    key: str


class Asked(NamedTuple):
    """What is asked for: at most `limit` that is due at `now`, within a share, nothing held, from one on."""

    now: float
    limit: int
    share: Share
    held: frozenset[Hashable]
    after: str


class Turn(NamedTuple):
    """Keys whose turn it is, and after which integration the next look begins; '': all of them were asked."""

    keys: list[Any]
    after: str


class Looker:
    """Looks for due work of one table, within the share that its asker has left."""

    def __init__(self, waiting: Waiting, key_of: Callable[[tuple[Any, ...]], Hashable]) -> None:
        self._key_of = key_of
        # All parts of these statements are constants of the two tables.
        rows = f"FROM {waiting.table} WHERE {waiting.waits}"
        self._oldest = f"SELECT integration_id, {waiting.key} {rows} AND due_at <= ? ORDER BY due_at LIMIT ?"
        self._oldest_of = f"SELECT {waiting.key} {rows} AND integration_id = ? AND due_at <= ? ORDER BY due_at"
        self._owners = (
            f"WITH RECURSIVE owners (id) AS (SELECT min(integration_id) {rows} AND integration_id > ?1 UNION ALL"  # noqa: S608 - constants
            f" SELECT (SELECT min(integration_id) {rows} AND integration_id > owners.id) FROM owners"
            " WHERE owners.id IS NOT NULL LIMIT ?3) SELECT id,"
            f" EXISTS (SELECT 1 {rows} AND integration_id = owners.id AND due_at <= ?2)"
            " FROM owners WHERE id IS NOT NULL"
        )

    def look(self, connection: sqlite3.Connection, asked: Asked) -> Turn:
        """Return keys that nobody holds, of each integration in turn, the longest due first."""
        rows = connection.execute(self._oldest, (asked.now, LOOK + 1)).fetchall()
        if len(rows) > LOOK:
            return self._ask_each(connection, asked)
        parts: dict[str, list[Hashable]] = defaultdict(list)
        rooms: dict[str, int] = {}
        for owner, *columns in rows:
            key = self._key_of(tuple(columns))
            if owner not in rooms:
                rooms[owner] = asked.share.room(owner)
            if key not in asked.held and len(parts[owner]) < rooms[owner]:
                parts[owner].append(key)
        return Turn(_within_share(parts, asked), "")

    def waiting_of(self, connection: sqlite3.Connection) -> list[str]:
        """Return all integrations of which something waits, due or not."""
        found: list[str] = []
        while batch := self._next_owners(connection, found[-1] if found else "", 0.0):
            found += [owner for owner, _ in batch]
        return found

    def _next_owners(self, connection: sqlite3.Connection, after: str, now: float) -> list[tuple[str, int]]:
        return connection.execute(self._owners, (after, now, OWNERS_AT_ONCE)).fetchall()

    def _ask_each(self, connection: sqlite3.Connection, asked: Asked) -> Turn:
        owners = self._next_owners(connection, asked.after, asked.now)
        parts: dict[str, list[Hashable]] = {}
        tenants: Counter[str] = Counter()
        last = ""
        for owner, is_due in owners:
            last = owner
            tenant = asked.share.tenant_of(owner)
            room = min(asked.share.room(owner), asked.limit) if is_due else 0
            if room > 0 and tenants[tenant] < asked.share.room_of_tenant(tenant):
                parts[owner] = list(islice(self._unheld(connection, owner, asked), room))
                tenants[tenant] += bool(parts[owner])
            if len(parts) == asked.limit:
                break
        is_end = len(owners) < OWNERS_AT_ONCE and (not owners or last == owners[-1][0])
        return Turn(_within_share(parts, asked), "" if is_end else last)

    def _unheld(self, connection: sqlite3.Connection, owner: str, asked: Asked) -> Iterator[Hashable]:
        for columns in connection.execute(self._oldest_of, (owner, asked.now)):
            if (key := self._key_of(columns)) not in asked.held:
                yield key


def _within_share(parts: Mapping[str, Sequence[Hashable]], asked: Asked) -> list[Hashable]:
    """Take some of each integration in turn, of no tenant more than it may have."""
    found: list[Hashable] = []
    tenants: Counter[str] = Counter()
    for owner, key in in_turns([(owner, key) for key in keys] for owner, keys in parts.items()):
        tenant = asked.share.tenant_of(owner)
        if len(found) < asked.limit and tenants[tenant] < asked.share.room_of_tenant(tenant):
            tenants[tenant] += 1
            found.append(key)
    return found
