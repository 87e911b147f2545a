"""The inbox: verified webhooks from their acceptance until the worker has processed them."""

import sqlite3

from noctuary.store.changes import FinishWebhook
from noctuary.store.rows import NewWebhook


def add(connection: sqlite3.Connection, webhook: NewWebhook) -> bool:
    """Insert a webhook; False when this integration already has one of this id."""
    cursor = connection.execute(
        "INSERT INTO inbox (integration_id, webhook_id, token_sha256, received_at, body, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (integration_id, webhook_id) DO NOTHING",
        (
            webhook.integration_id,
            webhook.webhook_id,
            webhook.token_sha256,
            webhook.received_at,
            webhook.body,
            webhook.received_at,
        ),
    )
    return cursor.rowcount == 1


def finish(connection: sqlite3.Connection, change: FinishWebhook, now: float) -> None:
    """Mark a webhook as processed and drop its body; the row stays to recognise repetitions."""
    connection.execute(
        "UPDATE inbox SET finished_at = ?, event_id = ?, last_error = NULL, body = x''"
        " WHERE id = ? AND finished_at IS NULL",
        (now, change.event_id, change.row_id),
    )


def is_event_known(connection: sqlite3.Connection, integration_id: str, event_id: str) -> bool:
    """Tell whether a processed webhook of this integration carried this event."""
    row = connection.execute(
        "SELECT 1 FROM inbox WHERE integration_id = ? AND event_id = ? LIMIT 1", (integration_id, event_id)
    ).fetchone()
    return row is not None


def depth(connection: sqlite3.Connection, now: float) -> tuple[int, float]:
    """Return how many webhooks wait, and the age of the oldest in seconds."""
    waiting, oldest = connection.execute(
        "SELECT count(*), min(received_at) FROM inbox WHERE finished_at IS NULL"
    ).fetchone()
    return waiting, max(0.0, now - oldest) if waiting else 0.0
