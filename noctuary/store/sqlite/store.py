"""SqliteStore: the embedded store, one file written by one thread."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from noctuary.common.errors import QuotaExceeded
from noctuary.common.metrics import Metrics
from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import (
    DropBaseline,
    Mutation,
    SaveBaseline,
    SaveIncident,
    SaveNote,
)
from noctuary.store.limits import WEBHOOK_ROW_BYTES, Added, Quota, QuotaMet, StoreLimits
from noctuary.store.queries import Depths, EventQuery, Window
from noctuary.store.rows import Baseline, InboxRow, IncidentKey, IntegrationState, KnownIncident, NewWebhook
from noctuary.store.shares import WHOLE, Share, Work
from noctuary.store.sqlite import baselines, inbox, incidents, integration_states
from noctuary.store.sqlite.applying import apply_all
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
from noctuary.store.sqlite.work.claiming import Claiming, Lease
from noctuary.store.sqlite.work.looks import RECHECKS, VISITS

R = TypeVar("R")
FILE_NAME = "noctuary.db"


class SqliteStore:
    """Every promise of the Store interface, kept by SQLite; open it with `open`."""

    def __init__(self, database: Database, limits: StoreLimits, metrics: Metrics) -> None:
        self._database = database
        self._limits = limits
        self._met = QuotasMet(limits, metrics)
        self._levels = Levels()
        self._events = EventShelf(database, limits, self._met, self._levels)
        self._upkeep = Upkeep(database, limits, metrics, self._met, self._levels)
        self._claiming = Claiming(database, self._upkeep)

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
        lease = Lease(lease_s, now)
        rows = await self._claiming.by_turns(Work.WEBHOOK, webhooks.LOOKER, webhooks.still_due, limit, lease, share)
        if rows or limit <= 0:
            return rows
        return await self._claiming.longest_due(Work.WEBHOOK, webhooks.expired, webhooks.still_due, limit, lease)

    async def claim_notes(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[NoteRow]:
        """Claim notes to send or to check, of each integration in turn, the longest due first."""
        lease = Lease(lease_s, now)
        return await self._claiming.by_turns(Work.NOTE, due_notes.LOOKER, due_notes.still_due, limit, lease, share)

    async def claim_note(self, account: str, incident_id: str, lease_s: float, now: float) -> bool:
        """Claim the note of an incident, stored yet or not."""
        return self._claiming.claim(Work.NOTE, (account, incident_id), Lease(lease_s, now))

    async def claim_rechecks(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[IncidentKey]:
        """Claim due rechecks, of each integration in turn."""
        lease = Lease(lease_s, now)
        return await self._claiming.by_turns(Work.RECHECK, RECHECKS.looker, RECHECKS.still_due, limit, lease, share)

    async def claim_visits(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[IncidentKey]:
        """Claim due visits, of each integration in turn."""
        lease = Lease(lease_s, now)
        return await self._claiming.by_turns(Work.VISIT, VISITS.looker, VISITS.still_due, limit, lease, share)

    async def claim_backfill(self, name: str, lease_s: float, now: float) -> bool:
        """Claim a backfill by its name."""
        return self._claiming.claim(Work.BACKFILL, name, Lease(lease_s, now))

    async def release(self, work: Work, *key: str | int, until: float = 0.0) -> None:
        """End a claim, at a time."""
        self._claiming.release(work, key if len(key) > 1 else key[0], until)

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

    async def is_event_known(self, integration_id: str, event_id: str) -> bool:
        """Tell whether an event of this id was worked for this integration."""
        return await self._database.read(lambda c: inbox.is_event_known(c, integration_id, event_id))

    async def commit(self, *changes: Mutation) -> None:
        """Make all changes or none; whoever is cancelled meanwhile does not undo it, and its claims end with it."""
        committing = asyncio.ensure_future(self._write(changes))
        committing.add_done_callback(lambda done: self._claiming.end(done, changes))
        await asyncio.shield(committing)

    async def _write(self, changes: tuple[Mutation, ...]) -> None:
        """Baselines let all others go first, as events do."""
        if all(isinstance(change, SaveBaseline | DropBaseline) for change in changes):
            bulk = Bulk(None, None, len(changes))
            await self._database.write_bulk(lambda c: apply_all(c, changes), bulk)
        else:
            await self._refused_counted(self._database.write(lambda c: self._apply_within(c, changes)))

    def _apply_within(self, connection: sqlite3.Connection, changes: tuple[Mutation, ...]) -> None:
        """Make changes as far as namespaces may keep what comes of them."""
        weighed = [change.row for change in changes if isinstance(change, SaveIncident | SaveNote)]
        before = [holdings.held(connection, each) for each in {row.integration_id for row in weighed}]
        apply_all(connection, changes)
        is_new = any(isinstance(row, IncidentRow) and row.revision == 0 for row in weighed)
        for each in before:
            gone = holdings.require_incidents(connection, each, is_new=is_new, limits=self._limits, levels=self._levels)
            for quota, count in gone.items():
                self._met.note(each.tenant, quota, "pushed_out", count)

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
