"""SqliteStore: the embedded store, one file written by one thread."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from noctuary.common import clock
from noctuary.common.errors import QuotaExceeded
from noctuary.common.metrics import Metrics
from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.interface import (
    WHOLE,
    Baseline,
    Depths,
    DropBaseline,
    EventQuery,
    FinishRecheck,
    FinishVisit,
    FinishWebhook,
    InboxRow,
    IncidentKey,
    IntegrationState,
    KnownIncident,
    LaterLook,
    MoveNote,
    Mutation,
    NewWebhook,
    ParkWebhook,
    RetryWebhook,
    SaveBaseline,
    SaveCompared,
    SaveIncident,
    SaveIntegrationState,
    SaveNote,
    ScheduleRecheck,
    ScheduleVisit,
    Share,
    VisitRivals,
    Window,
    Work,
)
from noctuary.store.limits import WEBHOOK_ROW_BYTES, Added, Quota, QuotaMet, StoreLimits
from noctuary.store.sqlite import baselines, inbox, incidents, integration_states
from noctuary.store.sqlite.bounds import holdings, inbox_share
from noctuary.store.sqlite.bounds.full import full_holders
from noctuary.store.sqlite.bounds.met import QuotasMet
from noctuary.store.sqlite.bounds.upkeep import Upkeep
from noctuary.store.sqlite.bounds.volume import Levels
from noctuary.store.sqlite.connection import probe
from noctuary.store.sqlite.database import Database
from noctuary.store.sqlite.events.shelf import EventShelf
from noctuary.store.sqlite.filesystem import prepare_directory
from noctuary.store.sqlite.jobs import Bulk
from noctuary.store.sqlite.work import comparisons, webhooks
from noctuary.store.sqlite.work import notes as due_notes
from noctuary.store.sqlite.work.claims import Claims
from noctuary.store.sqlite.work.clock_steps import ClockSteps
from noctuary.store.sqlite.work.looks import RECHECKS, VISITS
from noctuary.store.sqlite.work.turns import Asked, Looker

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
Due = Callable[[sqlite3.Connection, float, int], Sequence[K]]
StillDue = Callable[[sqlite3.Connection, list[K], float], dict[K, R]]
Look = Callable[[], Awaitable[list[K]]]

FILE_NAME = "noctuary.db"
CLAIM_TRIES = 3
"""Another worker may claim all that was found due before we do; a few looks find what is left."""
CLAIMED_TABLES = {Work.WEBHOOK: "inbox", Work.NOTE: "notes"}
"""Where the rows are that a claim returns; of other work it returns keys."""


class SqliteStore:
    """Every promise of the Store interface, kept by SQLite; open it with `open`."""

    def __init__(self, database: Database, limits: StoreLimits, metrics: Metrics) -> None:
        self._database = database
        self._claims = Claims()
        self._clock_steps = ClockSteps(database)
        self._after: dict[Work, str] = dict.fromkeys(Work, "")
        self._limits = limits
        self._met = QuotasMet(limits, metrics)
        self._levels = Levels()
        self._events = EventShelf(database, limits, self._met, self._levels)
        self._upkeep = Upkeep(database, limits, metrics, self._met, self._levels)

    @classmethod
    async def open(
        cls, directory: Path, limits: StoreLimits | None = None, metrics: Metrics | None = None
    ) -> "SqliteStore":
        """Open or make the store in a directory; raise InvalidInput when it cannot be kept safely there."""
        prepare_directory(directory)
        database = Database(directory / FILE_NAME)
        await database.open()
        store = cls(database, limits or StoreLimits(), metrics or Metrics())
        store._met.recall(await database.read(lambda c: full_holders(c, store._limits)))
        return store

    async def add_webhook(self, webhook: NewWebhook) -> bool:
        """Keep a webhook; False when this integration already has one of this id."""

        def work(connection: sqlite3.Connection) -> bool:
            if webhook.tenant:
                holdings.learn(connection, webhook.integration_id, webhook.tenant)
            added = inbox.add(connection, webhook)
            if added:
                holdings.require_webhook(connection, webhook.integration_id, self._limits, self._levels)
                inbox_share.require(connection, webhook.integration_id, self._limits)
                seen = IntegrationState(id=webhook.integration_id, last_webhook_at=webhook.received_at)
                integration_states.save(connection, seen)
            return added

        return await self._refused_counted(self._database.write(work, len(webhook.body) + WEBHOOK_ROW_BYTES))

    async def _refused_counted(self, writing: Awaitable[R]) -> R:
        try:
            return await writing
        except QuotaExceeded as error:
            self._met.note(error.holder, Quota(error.quota), "refused")
            raise

    async def claim_webhooks(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[InboxRow]:
        """Claim due webhooks, of each integration in turn, the longest due first."""
        look = self._turns(Work.WEBHOOK, webhooks.LOOKER, limit, share, (lease_s, now))
        rows = await self._claim(Work.WEBHOOK, look, webhooks.still_due, lease_s, now)
        if rows or limit <= 0:
            return rows
        gave_up = self._unheld(Work.WEBHOOK, webhooks.expired, limit, (lease_s, now))
        return await self._claim(Work.WEBHOOK, gave_up, webhooks.still_due, lease_s, now)

    async def claim_notes(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[NoteRow]:
        """Claim notes to send or to check, of each integration in turn, the longest due first."""
        look = self._turns(Work.NOTE, due_notes.LOOKER, limit, share, (lease_s, now))
        return await self._claim(Work.NOTE, look, due_notes.still_due, lease_s, now)

    async def claim_note(self, account: str, incident_id: str, lease_s: float, now: float) -> bool:
        """Claim the note of an incident, stored yet or not."""
        return self._claims.claim(Work.NOTE, (account, incident_id), lease_s, now)

    async def claim_rechecks(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[IncidentKey]:
        """Claim due rechecks, of each integration in turn."""
        look = self._turns(Work.RECHECK, RECHECKS.looker, limit, share, (lease_s, now))
        return await self._claim(Work.RECHECK, look, RECHECKS.still_due, lease_s, now)

    async def claim_visits(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[IncidentKey]:
        """Claim due visits, of each integration in turn."""
        look = self._turns(Work.VISIT, VISITS.looker, limit, share, (lease_s, now))
        return await self._claim(Work.VISIT, look, VISITS.still_due, lease_s, now)

    async def claim_backfill(self, name: str, lease_s: float, now: float) -> bool:
        """Claim a backfill by its name."""
        return self._claims.claim(Work.BACKFILL, name, lease_s, now)

    async def release(self, work: Work, *key: str | int, until: float = 0.0) -> None:
        """End a claim, at a time."""
        claimed = key if len(key) > 1 else key[0]
        if until:
            self._claims.keep(work, claimed, until)
        else:
            self._claims.free(work, [claimed])

    async def wake_webhooks(self, integration_id: str, limit: int) -> int:
        """Have at most so many parked webhooks of an integration due."""
        return await self._database.write(lambda c: webhooks.wake(c, integration_id, limit))

    async def integrations_with_parked_webhooks(self) -> list[str]:
        """Return the ids of all integrations that have parked webhooks."""
        return await self._database.read(webhooks.parked_of)

    async def wake_notes(self, integration_id: str, now: float, limit: int) -> int:
        """Have at most so many unsent notes of an integration due at once."""
        return await self._database.write(lambda c: due_notes.wake(c, integration_id, now, limit))

    async def integrations_with_notes_due(self) -> list[str]:
        """Return the ids of all integrations of which a note is to be sent or checked, now or later."""
        return await self._database.read(due_notes.LOOKER.waiting_of)

    async def hasten_visits(self, integration_id: str, now: float, limit: int) -> int:
        """Have at most so many visits of an integration due at once."""
        return await self._database.write(lambda c: VISITS.hasten(c, integration_id, now, limit))

    async def integrations_with_visits(self) -> list[str]:
        """Return the ids of all integrations of which a visit waits."""
        return await self._database.read(VISITS.looker.waiting_of)

    def _turns(self, work: Work, looker: Looker, limit: int, share: Share, lease: tuple[float, float]) -> Look[Any]:
        """Return how to find what is due by turns; the next look goes on where this one ends."""

        async def look() -> list[Any]:
            is_whole_round = not self._after[work]
            while True:
                asked = Asked(lease[1], limit, share, self._claims.held(work, *lease), self._after[work])
                turn = await self._read_claimed(work, partial(looker.look, asked=asked))
                self._after[work] = turn.after
                if turn.keys or (is_whole_round and not turn.after):
                    return turn.keys
                is_whole_round = is_whole_round or not turn.after

        return look

    def _unheld(self, work: Work, due: Due[K], limit: int, lease: tuple[float, float]) -> Look[K]:
        """Return how to find what is due, the longest due first."""

        async def look() -> list[K]:
            held = self._claims.held(work, *lease)
            found = await self._database.read(lambda c: due(c, lease[1], limit + len(held)))
            return [key for key in found if key not in held][:limit]

        return look

    async def _claim(self, work: Work, look: Look[K], still_due: StillDue[K, R], lease_s: float, now: float) -> list[R]:
        """Claim first, then read again: what somebody finished in between is due no more, and another may be."""
        await self._clock_steps.follow()
        for _ in range(CLAIM_TRIES):
            found = await look()
            keys = [key for key in found if self._claims.claim(work, key, lease_s, now)]
            if rows := await self._keep_due(work, keys, still_due, now):
                return rows
            if not found:
                break
        return []

    async def _keep_due(self, work: Work, keys: list[K], still_due: StillDue[K, R], now: float) -> list[R]:
        """Return what is due still of what was claimed; the claims of all else end."""
        if not keys:
            return []
        try:
            rows = await self._read_claimed(work, lambda c: still_due(c, keys, now))
        except BaseException:
            self._claims.free(work, keys)
            raise
        self._claims.free(work, [key for key in keys if key not in rows])
        return list(rows.values())

    async def _read_claimed(self, work: Work, read: Callable[[sqlite3.Connection], R]) -> R:
        table = CLAIMED_TABLES.get(work)
        return await (self._database.read(read) if table is None else self._upkeep.read_sound(table, read))

    async def is_event_known(self, integration_id: str, event_id: str) -> bool:
        """Tell whether an event of this id was worked for this integration."""
        return await self._database.read(lambda c: inbox.is_event_known(c, integration_id, event_id))

    async def commit(self, *changes: Mutation) -> None:
        """Make all changes or none; whoever is cancelled meanwhile does not undo it, and its claims end with it."""
        committing = asyncio.ensure_future(self._write(changes))
        committing.add_done_callback(lambda done: self._end_claims(done, changes))
        await asyncio.shield(committing)

    async def _write(self, changes: tuple[Mutation, ...]) -> None:
        """Baselines let all others go first, as events do."""
        if all(isinstance(change, SaveBaseline | DropBaseline) for change in changes):
            bulk = Bulk(None, None, len(changes))
            await self._database.write_bulk(lambda c: _apply_all(c, changes), bulk)
        else:
            await self._refused_counted(self._database.write(lambda c: self._apply_within(c, changes)))

    def _apply_within(self, connection: sqlite3.Connection, changes: tuple[Mutation, ...]) -> None:
        """Make changes as far as namespaces may keep what comes of them."""
        weighed = [change.row for change in changes if isinstance(change, SaveIncident | SaveNote)]
        before = [holdings.held(connection, each) for each in {row.integration_id for row in weighed}]
        _apply_all(connection, changes)
        is_new = any(isinstance(row, IncidentRow) and row.revision == 0 for row in weighed)
        for each in before:
            gone = holdings.require_incidents(connection, each, is_new=is_new, limits=self._limits, levels=self._levels)
            for quota, count in gone.items():
                self._met.note(each.tenant, quota, "pushed_out", count)

    def _end_claims(self, committed: "asyncio.Future[None]", changes: Sequence[Mutation]) -> None:
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

    async def add_events(self, events: list[ContextEvent]) -> list[Added]:
        """Keep events within their tenants' quotas."""
        return await self._events.add(events)

    async def window(self, query: EventQuery) -> list[ContextEvent]:
        """Return the unexpired events, most recently seen first."""
        return (await self.select(query)).events

    async def select(self, query: EventQuery) -> Window:
        """Return the unexpired events, most recently seen first, and how many were left out."""
        found, damaged = await self._events.select(query)
        await self._upkeep.set_aside(damaged)
        return found

    async def last_event_at(
        self, tenants: list[str], services: list[str] | None, without_reasons: Sequence[str] = ()
    ) -> float | None:
        """Return when anything without these reasons was last seen of these services, expired or not."""
        return await self._events.last_event_at(tenants, services, without_reasons)

    def quotas_met(self, now: float) -> dict[str, QuotaMet]:
        """Return the quotas that were met lately."""
        return self._met.lately(now)

    async def incident(self, integration_id: str, incident_id: str) -> IncidentRow | None:
        """Return one incident as one integration knows it."""
        return await self._upkeep.read_sound("incidents", lambda c: incidents.get(c, integration_id, incident_id))

    async def confirmed_by(self, account: str, incident_id: str) -> list[str]:
        """Return the ids of the integrations whose own token read an incident of an account."""
        return await self._database.read(lambda c: incidents.confirmed_by(c, account, incident_id))

    async def accounts_of(self, api_url: str, incident_id: str) -> list[str]:
        """Return the accounts in which an API's incident was confirmed, the one of the first row first."""
        return await self._database.read(lambda c: incidents.accounts_of(c, api_url, incident_id))

    async def known_incidents(self, keys: list[IncidentKey]) -> dict[IncidentKey, KnownIncident]:
        """Return those of the incidents that are known, without their evidence."""
        return await self._upkeep.read_sound("incidents", lambda c: comparisons.known(c, keys)) if keys else {}

    async def open_incident_ids(self, integration_ids: list[str]) -> list[tuple[str, str]]:
        """Return integration and incident id of all that is not resolved of these integrations."""
        return await self._database.read(lambda c: comparisons.open_ids(c, integration_ids))

    async def note(self, account: str, incident_id: str) -> NoteRow | None:
        """Return one note."""
        return await self._upkeep.read_sound("notes", lambda c: incidents.get_note(c, account, incident_id))

    async def integration_state(self, integration_id: str) -> IntegrationState | None:
        """Return the state of one integration."""
        return await self._upkeep.read_sound("facts", lambda c: integration_states.get(c, integration_id))

    async def integration_states(self, integration_ids: list[str]) -> dict[str, IntegrationState]:
        """Return the states of these integrations, as far as there are any."""
        return await self._upkeep.read_sound("facts", lambda c: comparisons.states(c, integration_ids))

    async def integration_states_since(self, seq: int) -> list[IntegrationState]:
        """Return the states that changed since `seq`, in the order of their changes."""
        return await self._upkeep.read_sound("facts", lambda c: integration_states.since(c, seq))

    async def baselines(self) -> list[Baseline]:
        """Return all baselines."""
        return await self._upkeep.read_sound("baselines", baselines.every)

    async def sweep(self, now: float, limit: int) -> int:
        """Delete at most `limit` rows of each kind that nobody can see any more; return how many."""
        return await self._upkeep.sweep(now, limit)

    async def retain(self, now: float, limit: int, tenants: Mapping[str, str] | None) -> int:
        """Delete at most `limit` incidents whose time is over, and what is left of integrations that are gone."""
        return await self._upkeep.retain(now, limit, tenants)

    async def depths(self, now: float) -> Depths:
        """Return how much waits."""
        writes = self.waiting_writes()

        def work(connection: sqlite3.Connection) -> Depths:
            waiting, oldest_s = inbox.depth(connection, now)
            return Depths(
                inbox=waiting, notes=incidents.unsent_notes(connection), writes=writes, oldest_inbox_s=oldest_s
            )

        return await self._database.read(work)

    async def probe(self) -> None:
        """Commit one small row; raise StoreUnavailable when that fails. For readiness: it also notices healing."""
        await self._database.write(probe)

    def waiting_writes(self) -> int:
        """Return how many writes wait for the disk."""
        return self._database.waiting_writes

    def healthy(self) -> bool:
        """Whether the store may still commit."""
        return self._database.alive

    async def failed(self) -> str:
        """Return why, as soon as the store can never commit again."""
        await self._database.failed.wait()
        return self._database.failure or "its thread ended"

    async def close(self) -> None:
        """Commit what waits and close."""
        await self._database.close()


def _apply_all(connection: sqlite3.Connection, changes: tuple[Mutation, ...]) -> None:
    for change in changes:
        _apply(connection, change)


def _apply(connection: sqlite3.Connection, change: Mutation) -> None:
    match change:
        case FinishWebhook():
            inbox.finish(connection, change, clock.now())
        case RetryWebhook() | ParkWebhook():
            webhooks.put_off(connection, change)
        case SaveIncident(row):
            incidents.save(connection, row)
        case SaveNote(note):
            incidents.save_note(connection, note)
        case MoveNote():
            incidents.move_note(connection, change)
        case SaveIntegrationState() | SaveCompared():
            _apply_to_states(connection, change)
        case SaveBaseline(baseline):
            baselines.save(connection, baseline)
        case DropBaseline(uid):
            baselines.drop(connection, uid)
        case _:
            _apply_later_look(connection, change)


def _apply_later_look(connection: sqlite3.Connection, change: LaterLook) -> None:
    match change:
        case ScheduleRecheck():
            RECHECKS.schedule(connection, change)
        case FinishRecheck():
            RECHECKS.finish(connection, change)
        case ScheduleVisit():
            VISITS.schedule(connection, change)
        case FinishVisit():
            VISITS.finish(connection, change)
        case VisitRivals():
            VISITS.schedule_rivals(connection, change)


def _apply_to_states(connection: sqlite3.Connection, change: SaveIntegrationState | SaveCompared) -> None:
    if isinstance(change, SaveCompared):
        comparisons.save_compared(connection, change)
    else:
        integration_states.save(connection, change.state)
