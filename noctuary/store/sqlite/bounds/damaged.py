"""Rows that cannot be decoded: set aside, so that one of them stops neither a read nor a start."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec
import structlog

from noctuary.common import clock
from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.sqlite.events.ledger import Ledger

log = structlog.get_logger()

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, TypeError, ValueError)
"""What the decoding of a damaged row raises."""
MAX_KEPT = 1_000
"""Rows that were set aside, for whoever looks into it; beyond it the oldest go."""
MAX_CONTENT_BYTES = 65_536
"""Of a row that much is kept."""


class DamagedRow(NamedTuple):
    """A row that could not be decoded, by its table and rowid."""

    table: str
    row_id: int


class _Table(NamedTuple):
    content: str
    key: str
    decode: Callable[[bytes], object]


TABLES = {
    "events": _Table("event", "tenant || '/' || dedup_key", msgspec.json.Decoder(ContextEvent).decode),
    "incidents": _Table("incident", "incident_id", msgspec.json.Decoder(IncidentRow).decode),
    "notes": _Table("note", "incident_id", msgspec.json.Decoder(NoteRow).decode),
}
"""The tables with a column that must be decoded; those of all others are read as they are."""


def search(connection: sqlite3.Connection, table: str) -> Iterator[DamagedRow]:
    """Find the damaged rows of a table; reads all of it."""
    of = TABLES[table]
    for row_id, content in connection.execute(f"SELECT rowid, {of.content} FROM {table}"):  # noqa: S608 - constants
        try:
            of.decode(content)
        except UNREADABLE:
            yield DamagedRow(table, row_id)


def set_aside(connection: sqlite3.Connection, row: DamagedRow) -> bool:
    """Move a row out of its table if it is damaged still, and say so; False when it is not."""
    of = TABLES[row.table]
    found = connection.execute(
        f"SELECT {of.content}, {of.key} FROM {row.table} WHERE rowid = ?",  # noqa: S608 - constants
        (row.row_id,),
    ).fetchone()
    if found is None or not _is_damaged(of, found[0]):
        return False
    keep(connection, row.table, found[1], found[0])
    if row.table == "events":
        ledger = Ledger(connection)
        ledger.delete(ledger.stored([row.row_id]))
        ledger.save()
    else:
        connection.execute(f"DELETE FROM {row.table} WHERE rowid = ?", (row.row_id,))  # noqa: S608 - a constant
    return True


def _is_damaged(of: _Table, content: bytes) -> bool:
    try:
        of.decode(content)
    except UNREADABLE:
        return True
    return False


def keep(connection: sqlite3.Connection, table: str, key: object, content: object) -> None:
    """Keep what a damaged row held, and say so; who calls deletes the row."""
    log.error("Damaged row set aside", table=table, key=str(key)[:200])
    kept = content[:MAX_CONTENT_BYTES] if isinstance(content, bytes | str) else None
    connection.execute(
        "INSERT INTO damaged (found_at, from_table, key, content) VALUES (?, ?, ?, ?)",
        (clock.now(), table, str(key), kept),
    )
    connection.execute(
        "DELETE FROM damaged WHERE id <= (SELECT id FROM damaged ORDER BY id DESC LIMIT 1 OFFSET ?)", (MAX_KEPT,)
    )
