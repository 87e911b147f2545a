"""Webhooks that wait to be processed, and those that are parked until their integration may be worked for."""

import sqlite3
from collections.abc import Hashable
from typing import Any

from noctuary.store.changes import ParkWebhook, RetryWebhook
from noctuary.store.rows import InboxRow
from noctuary.store.sqlite.bounds import damaged
from noctuary.store.sqlite.work.turns import LOOK, Looker, Waiting

MAX_ERROR_CHARS = 500
MAX_BODY_BYTES = 8 * 1024 * 1024
"""What one claim reads into memory; a webhook has some kilobytes, and two megabytes at most."""


def _key(columns: tuple[Any, ...]) -> Hashable:
    row_id: int = columns[0]
    return row_id


LOOKER = Looker(Waiting("inbox", "finished_at IS NULL AND parked = 0", "id"), _key)
_PARKED = Looker(Waiting("inbox", "finished_at IS NULL AND parked = 1", "id"), _key)


def expired(connection: sqlite3.Connection, now: float, limit: int) -> list[int]:
    """Return the ids of parked webhooks that waited as long as they may."""
    rows = connection.execute(
        "SELECT id FROM inbox WHERE finished_at IS NULL AND parked = 1 AND due_at <= ? ORDER BY due_at LIMIT ?",
        (now, min(limit, LOOK)),
    )
    return [row_id for (row_id,) in rows]


def still_due(connection: sqlite3.Connection, keys: list[int], now: float) -> dict[int, InboxRow]:
    """Return those of the webhooks that are due now, the first ones up to a size; raise one of damaged.UNREADABLE."""
    due: dict[int, InboxRow] = {}
    size = 0
    for row_id in keys:
        row = connection.execute(
            "SELECT id, integration_id, webhook_id, received_at, body, attempts + 1 FROM inbox"
            " WHERE id = ? AND finished_at IS NULL AND due_at <= ?",
            (row_id, now),
        ).fetchone()
        if row is not None:
            due[row_id] = damaged.sound(InboxRow, row)
            size += len(due[row_id].body)
        if size > MAX_BODY_BYTES:
            break
    return due


def put_off(connection: sqlite3.Connection, change: RetryWebhook | ParkWebhook) -> None:
    """Have a webhook due later: after an attempt that failed, or once those of its integration are woken."""
    if isinstance(change, ParkWebhook):
        values = (0, 1, change.until, change.reason, change.row_id)
    else:
        values = (1, 0, change.at, change.error[:MAX_ERROR_CHARS], change.row_id)
    connection.execute(
        "UPDATE inbox SET attempts = attempts + ?, parked = ?, due_at = ?, last_error = ?"
        " WHERE id = ? AND finished_at IS NULL",
        values,
    )


def wake(connection: sqlite3.Connection, integration_id: str, limit: int) -> int:
    """Have at most so many parked webhooks of an integration due, the newest first; return how many there were.

    The newest comes first also where they are claimed: an incident that came and went is known to be over then.
    """
    return connection.execute(
        "UPDATE inbox SET parked = 0, due_at = -received_at WHERE id IN (SELECT id FROM inbox"
        " WHERE finished_at IS NULL AND parked = 1 AND integration_id = ? ORDER BY due_at DESC, id DESC LIMIT ?)",
        (integration_id, limit),
    ).rowcount


def parked_of(connection: sqlite3.Connection) -> list[str]:
    """Return the integrations that have parked webhooks."""
    return _PARKED.waiting_of(connection)
