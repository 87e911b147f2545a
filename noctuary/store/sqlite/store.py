"""SqliteStore: the embedded store, one file written by one thread."""

import functools
import sqlite3
from pathlib import Path

from noctuary.common import clock
from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.interface import (
    Baseline,
    Depths,
    DropBaseline,
    EventQuery,
    FinishWebhook,
    InboxRow,
    IntegrationState,
    Mutation,
    NewWebhook,
    RetryWebhook,
    SaveBaseline,
    SaveIncident,
    SaveIntegrationState,
    SaveNote,
)
from noctuary.store.sqlite import baselines, inbox, incidents, integration_states
from noctuary.store.sqlite import events as event_rows
from noctuary.store.sqlite.connection import probe
from noctuary.store.sqlite.database import Database
from noctuary.store.sqlite.filesystem import prepare_directory

FILE_NAME = "noctuary.db"
ROW_OVERHEAD_BYTES = 512
"""What a waiting row weighs beside its body, roughly."""


class SqliteStore:
    """Every promise of the Store interface, kept by SQLite; open it with `open`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    async def open(cls, directory: Path) -> "SqliteStore":
        """Open or make the store in a directory; raise InvalidInput when it cannot be kept safely there."""
        prepare_directory(directory)
        database = Database(directory / FILE_NAME)
        await database.open()
        store = cls(database)
        await database.write(inbox.release_claims)
        return store

    async def add_webhook(self, webhook: NewWebhook) -> bool:
        """Keep a webhook; False when this integration already has one of this id."""

        def work(connection: sqlite3.Connection) -> bool:
            added = inbox.add(connection, webhook)
            if added:
                integration_states.save(
                    connection, IntegrationState(id=webhook.integration_id, last_webhook_at=webhook.received_at)
                )
            return added

        return await self.database.write(work, len(webhook.body) + ROW_OVERHEAD_BYTES)

    async def claim_webhooks(self, limit: int, lease_s: float, now: float) -> list[InboxRow]:
        """Claim due webhooks, oldest first."""
        if not await self.database.read(functools.partial(inbox.is_any_due, now=now)):
            return []  # spares an idle worker's fsync
        return await self.database.write(functools.partial(inbox.claim, limit=limit, lease_s=lease_s, now=now))

    async def is_event_known(self, integration_id: str, event_id: str) -> bool:
        """Tell whether an event of this id was worked for this integration."""
        return await self.database.read(lambda c: inbox.is_event_known(c, integration_id, event_id))

    async def commit(self, *changes: Mutation) -> None:
        """Make all changes or none."""
        await self.database.write(lambda c: _apply_all(c, changes))

    async def add_events(self, events: list[ContextEvent]) -> list[bool]:
        """Keep events; True where new, False where counted up."""
        return await self.database.write(lambda c: event_rows.add(c, events), len(events) * ROW_OVERHEAD_BYTES)

    async def window(self, query: EventQuery) -> list[ContextEvent]:
        """Return the unexpired events, most recently seen first."""
        return await self.database.read(lambda c: event_rows.window(c, query))

    async def last_event_at(self, tenants: list[str], services: list[str] | None) -> float | None:
        """Return when anything was last seen of these services, expired or not."""
        return await self.database.read(lambda c: event_rows.last_event_at(c, tenants, services))

    async def incident(self, account: str, incident_id: str) -> IncidentRow | None:
        """Return one incident."""
        return await self.database.read(lambda c: incidents.get(c, account, incident_id))

    async def known_incidents(self, account: str, incident_ids: list[str]) -> set[str]:
        """Return which of these incidents we have."""
        return await self.database.read(lambda c: incidents.known(c, account, incident_ids))

    async def open_incidents(self, integration_id: str) -> list[IncidentRow]:
        """Return the incidents of an integration that are not resolved."""
        return await self.database.read(lambda c: incidents.open_ones(c, integration_id))

    async def note(self, account: str, incident_id: str) -> NoteRow | None:
        """Return one note."""
        return await self.database.read(lambda c: incidents.get_note(c, account, incident_id))

    async def due_notes(self, now: float, limit: int) -> list[NoteRow]:
        """Return notes to send or to check, due first."""
        return await self.database.read(lambda c: incidents.due_notes(c, now, limit))

    async def integration_state(self, integration_id: str) -> IntegrationState | None:
        """Return the facts of one integration."""
        return await self.database.read(lambda c: integration_states.get(c, integration_id))

    async def integration_states_since(self, seq: int) -> list[IntegrationState]:
        """Return the facts that changed since `seq`, in the order of their changes."""
        return await self.database.read(lambda c: integration_states.since(c, seq))

    async def baselines(self) -> list[Baseline]:
        """Return all baselines."""
        return await self.database.read(baselines.every)

    async def sweep(self, now: float, limit: int) -> int:
        """Delete at most `limit` rows that nobody can see any more; return how many."""

        def work(connection: sqlite3.Connection) -> int:
            swept = event_rows.sweep(connection, now, limit)
            return swept + inbox.sweep(connection, now, limit - swept)

        return await self.database.write(work)

    async def depths(self, now: float) -> Depths:
        """Return how much waits."""
        writes = self.database.waiting_jobs

        def work(connection: sqlite3.Connection) -> Depths:
            waiting, oldest_s = inbox.depth(connection, now)
            return Depths(
                inbox=waiting, notes=incidents.unsent_notes(connection), writes=writes, oldest_inbox_s=oldest_s
            )

        return await self.database.read(work)

    async def probe(self) -> None:
        """Commit one small row; raise StoreUnavailable when that fails. For readiness: it also notices healing."""
        await self.database.write(probe)

    async def close(self) -> None:
        """Commit what waits and close."""
        await self.database.close()


def _apply_all(connection: sqlite3.Connection, changes: tuple[Mutation, ...]) -> None:
    for change in changes:
        _apply(connection, change)


def _apply(connection: sqlite3.Connection, change: Mutation) -> None:
    match change:
        case FinishWebhook():
            inbox.finish(connection, change, clock.now())
        case RetryWebhook():
            inbox.retry(connection, change)
        case SaveIncident(row):
            incidents.save(connection, row)
        case SaveNote(note):
            incidents.save_note(connection, note)
        case SaveIntegrationState(changed):
            integration_states.save(connection, changed)
        case SaveBaseline(baseline):
            baselines.save(connection, baseline)
        case DropBaseline(uid):
            baselines.drop(connection, uid)
