"""Upkeep: what is over is found beside the writer and deleted by it in small chunks, behind all incidents."""

import sqlite3
from collections.abc import Mapping

from noctuary.common.metrics import Metrics
from noctuary.store.limits import Quota, StoreLimits
from noctuary.store.sqlite.bounds import damaged, holdings, inbox_share, retention, volume
from noctuary.store.sqlite.bounds.damaged import DamagedRow
from noctuary.store.sqlite.bounds.met import QuotasMet
from noctuary.store.sqlite.bounds.volume import Levels
from noctuary.store.sqlite.database import Database
from noctuary.store.sqlite.events import services, sweeping
from noctuary.store.sqlite.failures import UndecodableText
from noctuary.store.sqlite.jobs import Bulk, T, Work

RELIEVED_BYTES = 1024 * 1024
"""Incidents with so much evidence go at once from a store that is nearly full: some milliseconds of writing."""
RELIEVED_ROWS = 100
"""What they count for among the rows that wait."""


class Upkeep:
    """Sweeps, retention, and damaged rows; used from one event loop."""

    def __init__(
        self, database: Database, limits: StoreLimits, metrics: Metrics, met: QuotasMet, levels: Levels
    ) -> None:
        self._database = database
        self._limits = limits
        self._metrics = metrics
        self._met = met
        self._levels = levels
        self._walked_to = 0
        self._notes_walked_to = 0
        self._bodies_dropped_to: int | None = 0

    async def sweep(self, now: float, limit: int) -> int:
        """Delete at most `limit` rows of each kind that nobody can see any more; return the most that went of one."""
        self._met.forget(now)
        found = await self._database.read(lambda c: sweeping.find(c, now, limit))
        events = await self._write(lambda c: sweeping.delete(c, found, now), limit)
        names = 0 if len(found.row_ids) == limit else await self._forget_names(now, limit)
        stale = await self._database.read(lambda c: inbox_share.stale(c, now, self._limits, limit))
        webhooks = await self._write(lambda c: inbox_share.delete(c, stale), len(stale)) if stale else 0
        self._metrics.swept.labels("events").inc(events)
        self._metrics.swept.labels("webhooks").inc(webhooks)
        is_behind = found.is_uncounted or await self._drop_bodies(limit)
        return limit if is_behind else max(events, names, webhooks, await self._relieve(limit))

    async def _relieve(self, limit: int) -> int:
        """Make room in a store that is nearly full: events of who is above the level, or else closed incidents."""
        self._levels.forget()
        tenants = await self._database.read(lambda c: volume.tenants_above(c, self._limits))
        if not tenants:
            return 0
        if gone := await self._write(lambda c: volume.push_out_events(c, tenants, limit), limit):
            self._metrics.over_quota.labels(Quota.STORE.value, "pushed_out").inc(gone)
            return gone
        tenant = await self._database.read(lambda c: holdings.largest(c, tenants))
        if tenant is None:
            return 0
        gone = await self._write(lambda c: holdings.push_out(c, tenant, RELIEVED_BYTES), RELIEVED_ROWS)
        self._metrics.over_quota.labels(Quota.STORE.value, "pushed_out").inc(gone)
        return limit if gone else 0

    async def _forget_names(self, now: float, limit: int) -> int:
        limits = self._limits
        unused = await self._database.read(lambda c: sweeping.find_unused(c, now, limit, limits))
        if not any(unused):
            return 0
        return await self._write(lambda c: sweeping.delete_unused(c, unused, now, limits), limit)

    async def _drop_bodies(self, limit: int) -> bool:
        """Drop bodies that a release of before kept, once after each start; return whether there may be more."""
        after = self._bodies_dropped_to
        if after is None:
            return False
        ids = await self._database.read(lambda c: inbox_share.worked_since(c, after, limit))
        if ids:
            await self._write(lambda c: inbox_share.drop_bodies(c, ids), len(ids))
        self._bodies_dropped_to = ids[-1] if len(ids) == limit else None
        return self._bodies_dropped_to is not None

    async def retain(self, now: float, limit: int, tenants: Mapping[str, str] | None) -> int:
        """Look at some incidents and delete those whose time is over, and all that is beyond a share."""
        if tenants is not None and (unlearnt := await self._database.read(lambda c: holdings.unlearnt(c, tenants))):
            await self._write(lambda c: _learn(c, unlearnt), len(unlearnt))
        after = self._walked_to
        integrations = None if tenants is None else frozenset(tenants)
        found = await self._database.read(lambda c: retention.walk(c, after, now, self._limits, integrations))
        await self.set_aside(found.damaged)
        if found.next_row == 0 and tenants is not None and integrations is not None:
            await self._write(lambda c: retention.delete_states(c, integrations, now), limit)
            await self._write(holdings.forget_empty, limit)
            await self._write(lambda c: services.forget_gone(c, set(tenants.values()), now, limit), limit)
        gone = 0
        for first in range(0, len(found.over), limit):
            gone += await self._delete_incidents(found.over[first : first + limit])
        gone += await self._keep_shares(limit)
        self._metrics.swept.labels("incidents").inc(gone)
        self._walked_to = found.next_row
        return gone + await self._retain_notes(now)

    async def _keep_shares(self, limit: int) -> int:
        """Delete all incidents beyond a share, however fast they come: a round of all incidents takes hours."""
        gone = 0
        while over := await self._database.read(lambda c: retention.beyond_share(c, self._limits, limit)):
            deleted = 0
            for integration_id, rows in over.items():
                went = await self._delete_incidents(rows)
                self._met.note(integration_id, Quota.OWN_INCIDENTS, "pushed_out", went)
                deleted += went
            gone += deleted
            if deleted == 0 or sum(map(len, over.values())) < limit:  # written since: they are looked at next time
                break
        return gone

    async def _delete_incidents(self, over: list[retention.Over]) -> int:
        return await self._write(lambda c: retention.delete(c, over), len(over))

    async def _retain_notes(self, now: float) -> int:
        after = self._notes_walked_to
        found = await self._database.read(lambda c: retention.walk_notes(c, after, now, self._limits))
        await self.set_aside(found.damaged)
        self._notes_walked_to = found.next_row
        if not found.over:
            return 0
        return await self._write(lambda c: retention.delete_notes(c, found.over), len(found.over))

    async def set_aside(self, rows: list[DamagedRow]) -> None:
        """Move damaged rows out of the way, and count them."""
        for row in rows:
            if await self._database.write(lambda c, row=row: damaged.set_aside(c, row)):  # type: ignore[misc]
                self._metrics.damaged_rows.labels(row.table).inc()

    async def read_sound(self, table: str, work: Work[T]) -> T:
        """Read a table; where a row of it is damaged, set all such rows aside and read again."""
        try:
            return await self._database.read(work)
        except (*damaged.UNREADABLE, UndecodableText):
            found = await self._database.read(lambda c: list(damaged.search(c, table)))
            if not found:
                raise
        await self.set_aside(found)
        return await self._database.read(work)

    async def _write(self, work: Work[int], rows: int) -> int:
        return await self._database.write_bulk(work, Bulk(None, None, rows, is_upkeep=True))


def _learn(connection: sqlite3.Connection, tenants: Mapping[str, str]) -> int:
    for integration_id, tenant in tenants.items():
        holdings.learn(connection, integration_id, tenant)
    return len(tenants)
