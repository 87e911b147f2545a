"""The events' part of the store: how they are added in bulk, and read."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from noctuary.common.turns import TurnSlots
from noctuary.models.context_event import ContextEvent
from noctuary.store.limits import Added, Quota, StoreLimits
from noctuary.store.queries import EventQuery, Window
from noctuary.store.sqlite.bounds.damaged import DamagedRow
from noctuary.store.sqlite.bounds.met import QuotasMet
from noctuary.store.sqlite.bounds.volume import Levels
from noctuary.store.sqlite.database import Database
from noctuary.store.sqlite.events import reading, rows, window
from noctuary.store.sqlite.events.remembered import Remembered
from noctuary.store.sqlite.jobs import MAX_EVENT_ROWS_BESIDE, Bulk
from noctuary.store.sqlite.readers import THREADS

ROW_OVERHEAD_BYTES = 512
"""What a waiting event weighs beside its texts, roughly."""
WINDOWS_AT_ONCE = THREADS - 1
"""One thread stays for what is quick: a window that means 200,000 subjects takes 0.1 s, and an incident reads 51."""
WINDOWS_OF_ONE = WINDOWS_AT_ONCE - 1
"""Of them of one tenant: whoever comes while it asks for many waits for none of its windows."""


class EventShelf:
    """Adds events within their tenants' quotas and reads windows of them; used from one event loop."""

    def __init__(self, database: Database, limits: StoreLimits, met: QuotasMet, levels: Levels) -> None:
        self._database = database
        self._limits = limits
        self._met = met
        self._levels = levels
        self._remembered = Remembered()
        self._turns = TurnSlots(WINDOWS_AT_ONCE, WINDOWS_OF_ONE)

    async def add(self, events: list[ContextEvent]) -> list[Added]:
        """Keep events; raise StoreUnavailable, also at once when too many wait."""
        sizes = [_size_of(event) for event in events]
        self._database.require_room(len(events), sum(sizes))
        if len(events) <= MAX_EVENT_ROWS_BESIDE:
            return await self._add_part(events, sum(sizes))
        parts = [slice(first, first + MAX_EVENT_ROWS_BESIDE) for first in range(0, len(events), MAX_EVENT_ROWS_BESIDE)]
        writes = (self._add_part(events[part], sum(sizes[part])) for part in parts)
        answers = await asyncio.gather(*writes, return_exceptions=True)
        added: list[Added] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            added += answer
        return added

    async def _add_part(self, events: list[ContextEvent], size_bytes: int) -> list[Added]:
        bulk = Bulk(self._add_together, events, len(events))
        return await self._database.write_bulk(lambda c: self._add_together(c, [events])[0], bulk, size_bytes)

    def _add_together(self, connection: sqlite3.Connection, parts: list[list[ContextEvent]]) -> list[list[Added]]:
        events = [event for part in parts for event in part]
        done = rows.add(connection, events, self._remembered, self._limits, self._levels)
        self._note_quotas(events, done)
        answers = iter(done.added)
        return [list(islice(answers, len(part))) for part in parts]

    def _note_quotas(self, events: list[ContextEvent], done: rows.AddedEvents) -> None:
        refused = Counter(
            (event.tenant, added) for event, added in zip(events, done.added, strict=True) if isinstance(added, Quota)
        )
        for effect, counts in (("refused", refused), ("pushed_out", done.pushed_out)):
            for (tenant, quota), count in counts.items():
                self._met.note(tenant, quota, effect, count)

    async def select(self, query: EventQuery) -> tuple[Window, list[DamagedRow]]:
        """Return a window, and the rows in it that cannot be decoded; tenants that ask for many wait for themselves."""
        damaged: list[DamagedRow] = []
        async with self._turns.hold(query.asked_by):
            found = await self._database.read(lambda c: window.select(c, query, damaged))
        return found, damaged

    async def last_event_at(
        self, tenants: list[str], services: list[str] | None, without_reasons: Sequence[str]
    ) -> float | None:
        """Return when anything without these reasons was last seen of these services, expired or not."""
        async with self._turns.hold(",".join(tenants)):
            return await self._database.read(
                lambda c: reading.last_event_at(c, tenants, services, list(without_reasons))
            )


def _size_of(event: ContextEvent) -> int:
    texts = (event.old_value, event.new_value, event.actor, event.sha, event.link, event.raw_line)
    return ROW_OVERHEAD_BYTES + sum(map(len, filter(None, texts))) + sum(map(len, event.details.values()))
