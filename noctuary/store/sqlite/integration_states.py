"""What must survive a restart about each integration, numbered so that changes can be asked for."""

import sqlite3
from typing import Any

from noctuary.store.interface import IntegrationState

_FIELDS = (
    "proven_token_sha256",
    "last_webhook_at",
    "last_note_at",
    "last_failure_at",
    "last_failure_reason",
    "last_failure_status",
    "last_failure_code",
    "compared_until",
    "account",
    "account_key",
    "displaced_by",
    "displaced_incident",
    "displaced_at",
)
_SELECT = f"SELECT id, {', '.join(_FIELDS)}, seq FROM facts"  # noqa: S608 - constants
_SAVE = (
    f"INSERT INTO facts (id, {', '.join(_FIELDS)}, seq)"  # noqa: S608 - constants
    f" VALUES ({'?, ' * (len(_FIELDS) + 1)}(SELECT coalesce(max(seq), 0) + 1 FROM facts))"
    f" ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, "
    + ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in _FIELDS)
)


def save(connection: sqlite3.Connection, state: IntegrationState) -> None:
    """Set the non-None fields; the row gets the next number."""
    connection.execute(_SAVE, (state.id, *(getattr(state, name) for name in _FIELDS)))


def get(connection: sqlite3.Connection, integration_id: str) -> IntegrationState | None:
    """Return the state of one integration."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (integration_id,)).fetchone()
    return None if row is None else _state(row)


def since(connection: sqlite3.Connection, seq: int) -> list[IntegrationState]:
    """Return the states that changed after a number, in the order of their changes."""
    return [_state(row) for row in connection.execute(f"{_SELECT} WHERE seq > ? ORDER BY seq", (seq,))]


def _state(row: tuple[Any, ...]) -> IntegrationState:
    identity, *fields, seq = row
    return IntegrationState(id=identity, seq=seq, **dict(zip(_FIELDS, fields, strict=True)))
