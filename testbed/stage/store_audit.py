"""What a receiver left in its store, read as an auditor would: from the file, once its process has ended."""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

DATABASE = "noctuary.db"


@dataclass(frozen=True)
class InboxAudit:
    """The webhooks in the inbox: their ids in order of arrival, how many are distinct, how many not processed."""

    webhook_ids: list[str]
    distinct: int
    unfinished: int


def audit_inbox(data: Path) -> InboxAudit:
    """Read the inbox of a store that nobody has open, by its data directory."""
    with contextlib.closing(sqlite3.connect(data / DATABASE)) as connection:
        rows = connection.execute("SELECT integration_id, webhook_id, finished_at FROM inbox ORDER BY id").fetchall()
    return InboxAudit(
        webhook_ids=[webhook_id for _, webhook_id, _ in rows],
        distinct=len({(integration_id, webhook_id) for integration_id, webhook_id, _ in rows}),
        unfinished=len([None for _, _, finished_at in rows if finished_at is None]),
    )


def schema_version(data: Path) -> int:
    """Return the version of a store's schema, also while a receiver has it open."""
    with contextlib.closing(sqlite3.connect(data / DATABASE)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def rows_that_hold(text: str, data: Path) -> dict[str, int]:
    """Count the rows that hold a text, by table, in a store that nobody has open."""
    found = {}
    with contextlib.closing(sqlite3.connect(data / DATABASE)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of the store's own
            if number := sum(1 for row in rows if text in _plain(row)):
                found[table] = number
    return found


def _plain(row: tuple[object, ...]) -> str:
    return " ".join(part.decode(errors="replace") if isinstance(part, bytes) else str(part) for part in row)
