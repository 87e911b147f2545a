"""How due work is found and claimed, and how the claims end: with the commit that ends the work, or by release."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from noctuary.store.changes import FinishRecheck, FinishVisit, FinishWebhook, Mutation, ParkWebhook, RetryWebhook
from noctuary.store.shares import Share, Work
from noctuary.store.sqlite.bounds.upkeep import Upkeep
from noctuary.store.sqlite.database import Database
from noctuary.store.sqlite.work.claims import Claims
from noctuary.store.sqlite.work.clock_steps import ClockSteps
from noctuary.store.sqlite.work.turns import Asked, Looker

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
Due = Callable[[sqlite3.Connection, float, int], Sequence[K]]
StillDue = Callable[[sqlite3.Connection, list[K], float], dict[K, R]]
Look = Callable[[], Awaitable[list[K]]]

CLAIM_TRIES = 3
"""Another worker may claim all that was found due before we do; a few looks find what is left."""
CLAIMED_TABLES = {Work.WEBHOOK: "inbox", Work.NOTE: "notes"}
"""Where the rows are that a claim returns; of other work it returns keys."""


class Lease(NamedTuple):
    """For how many seconds from when work is claimed."""

    seconds: float
    now: float


class Claiming:
    """Finds what is due by turns and claims it; used from one event loop."""

    def __init__(self, database: Database, upkeep: Upkeep) -> None:
        self._database = database
        self._upkeep = upkeep
        self._claims = Claims()
        self._clock_steps = ClockSteps(database)
        self._after: dict[Work, str] = dict.fromkeys(Work, "")

    async def by_turns(
        self, work: Work, looker: Looker, still_due: StillDue[K, R], limit: int, lease: Lease, share: Share
    ) -> list[R]:
        """Claim what is due, of each integration in turn; the next look goes on where this one ends."""

        async def look() -> list[K]:
            is_whole_round = not self._after[work]
            while True:
                asked = Asked(lease.now, limit, share, self._claims.held(work, *lease), self._after[work])
                turn = await self._read(work, partial(looker.look, asked=asked))
                self._after[work] = turn.after
                if turn.keys or (is_whole_round and not turn.after):
                    return turn.keys
                is_whole_round = is_whole_round or not turn.after

        return await self._claim(work, look, still_due, lease)

    async def longest_due(
        self, work: Work, due: Due[K], still_due: StillDue[K, R], limit: int, lease: Lease
    ) -> list[R]:
        """Claim what is due, whosever it is, the longest due first."""

        async def look() -> list[K]:
            held = self._claims.held(work, *lease)
            found = await self._database.read(lambda c: due(c, lease.now, limit + len(held)))
            return [key for key in found if key not in held][:limit]

        return await self._claim(work, look, still_due, lease)

    def claim(self, work: Work, key: Hashable, lease: Lease) -> bool:
        """Claim one piece of work; False when somebody else is at it."""
        return self._claims.claim(work, key, *lease)

    def release(self, work: Work, key: Hashable, until: float) -> None:
        """End a claim, at a time (0: now)."""
        if until:
            self._claims.keep(work, key, until)
        else:
            self._claims.free(work, [key])

    async def _claim(self, work: Work, look: Look[K], still_due: StillDue[K, R], lease: Lease) -> list[R]:
        """Claim first, then read again: what somebody finished in between is due no more, and another may be."""
        await self._clock_steps.follow()
        for _ in range(CLAIM_TRIES):
            found = await look()
            keys = [key for key in found if self._claims.claim(work, key, *lease)]
            if rows := await self._keep_due(work, keys, still_due, lease.now):
                return rows
            if not found:
                break
        return []

    async def _keep_due(self, work: Work, keys: list[K], still_due: StillDue[K, R], now: float) -> list[R]:
        """Return what is due still of what was claimed; the claims of all else end."""
        if not keys:
            return []
        try:
            rows = await self._read(work, lambda c: still_due(c, keys, now))
        except BaseException:
            self._claims.free(work, keys)
            raise
        self._claims.free(work, [key for key in keys if key not in rows])
        return list(rows.values())

    async def _read(self, work: Work, read: Callable[[sqlite3.Connection], R]) -> R:
        table = CLAIMED_TABLES.get(work)
        return await (self._database.read(read) if table is None else self._upkeep.read_sound(table, read))

    def end(self, committed: "asyncio.Future[None]", changes: Sequence[Mutation]) -> None:
        """End the claims on what changes ended, if they were committed."""
        if committed.cancelled() or committed.exception() is not None:
            return
        for change in changes:
            match change:
                case FinishWebhook(row_id) | RetryWebhook(row_id) | ParkWebhook(row_id):
                    self._claims.free(Work.WEBHOOK, [row_id])
                case FinishRecheck(integration_id, incident_id):
                    self._claims.free(Work.RECHECK, [(integration_id, incident_id)])
                case FinishVisit(integration_id, incident_id):
                    self._claims.free(Work.VISIT, [(integration_id, incident_id)])
