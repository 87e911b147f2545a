"""What must survive a restart about each integration, numbered so that changes can be asked for."""

import sqlite3

from noctuary.store.rows import IntegrationState
from noctuary.store.sqlite.bounds import damaged

_FIELDS = tuple(name for name in IntegrationState.__struct_fields__ if name not in ("id", "seq"))
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
    """Return the state of one integration; raise one of damaged.UNREADABLE."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (integration_id,)).fetchone()
    return None if row is None else damaged.sound(IntegrationState, row)


def since(connection: sqlite3.Connection, seq: int) -> list[IntegrationState]:
    """Return the states that changed after a number, in the order of their changes; raise one of damaged.UNREADABLE."""
    return [
        damaged.sound(IntegrationState, row)
        for row in connection.execute(f"{_SELECT} WHERE seq > ? ORDER BY seq", (seq,))
    ]
