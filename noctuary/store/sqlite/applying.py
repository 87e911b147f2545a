"""What each change means for the tables; the writer's thread makes them within one transaction."""

import sqlite3
from collections.abc import Sequence

from noctuary.common import clock
from noctuary.store.changes import (
    DropBaseline,
    FinishRecheck,
    FinishVisit,
    FinishWebhook,
    LaterLook,
    MoveNote,
    Mutation,
    ParkWebhook,
    RetryWebhook,
    SaveBaseline,
    SaveCompared,
    SaveIncident,
    SaveIntegrationState,
    SaveNote,
    ScheduleRecheck,
    ScheduleVisit,
    VisitRivals,
)
from noctuary.store.sqlite import baselines, inbox, incidents, integration_states
from noctuary.store.sqlite.work import comparisons, webhooks
from noctuary.store.sqlite.work.looks import RECHECKS, VISITS


def apply_all(connection: sqlite3.Connection, changes: Sequence[Mutation]) -> None:
    """Make changes in their order; raise RevisionConflict when a row was written since it was read."""
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
