"""The inbox: verified webhooks from their acceptance until the worker is done with them."""

import sqlite3

from noctuary.store.interface import FinishWebhook, InboxRow, NewWebhook, RetryWebhook

KEEP_FINISHED_S = 72 * 3600
"""PagerDuty repeats a delivery for up to 48 h; until well after that a repetition must be recognised."""
MAX_ERROR_CHARS = 500


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


def release_claims(connection: sqlite3.Connection) -> None:
    """Make all claims due again: whoever held them ended with the last process."""
    connection.execute("UPDATE inbox SET claimed = 0, due_at = received_at WHERE claimed = 1 AND finished_at IS NULL")


def is_any_due(connection: sqlite3.Connection, now: float) -> bool:
    """Tell whether a claim would find anything."""
    row = connection.execute("SELECT 1 FROM inbox WHERE finished_at IS NULL AND due_at <= ? LIMIT 1", (now,)).fetchone()
    return row is not None


def claim(connection: sqlite3.Connection, limit: int, lease_s: float, now: float) -> list[InboxRow]:
    """Claim due webhooks, oldest first."""
    # The rows are read first: RETURNING gives them in no particular order.
    ids = connection.execute(
        "SELECT id FROM inbox WHERE finished_at IS NULL AND due_at <= ? ORDER BY due_at, id LIMIT ?", (now, limit)
    ).fetchall()
    return [_claim_one(connection, row_id, now + lease_s) for (row_id,) in ids]


def _claim_one(connection: sqlite3.Connection, row_id: int, until: float) -> InboxRow:
    row = connection.execute(
        "UPDATE inbox SET claimed = 1, due_at = ?, attempts = attempts + 1 WHERE id = ?"
        " RETURNING id, integration_id, webhook_id, received_at, body, attempts",
        (until, row_id),
    ).fetchone()
    return InboxRow(*row)


def finish(connection: sqlite3.Connection, change: FinishWebhook, now: float) -> None:
    """Mark a webhook as worked; its row stays to recognise repetitions."""
    connection.execute(
        "UPDATE inbox SET finished_at = ?, event_id = ?, claimed = 0, last_error = NULL"
        " WHERE id = ? AND finished_at IS NULL",
        (now, change.event_id, change.row_id),
    )


def retry(connection: sqlite3.Connection, change: RetryWebhook) -> None:
    """Give a claim back, due at a later time."""
    connection.execute(
        "UPDATE inbox SET claimed = 0, due_at = ?, last_error = ? WHERE id = ? AND finished_at IS NULL",
        (change.at, change.error[:MAX_ERROR_CHARS], change.row_id),
    )


def is_event_known(connection: sqlite3.Connection, integration_id: str, event_id: str) -> bool:
    """Tell whether a worked webhook of this integration carried this event."""
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


def sweep(connection: sqlite3.Connection, now: float, limit: int) -> int:
    """Delete worked webhooks older than their keeping time."""
    return connection.execute(
        "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE finished_at <= ? LIMIT ?)",
        (now - KEEP_FINISHED_S, limit),
    ).rowcount
