"""Rows that cannot be decoded: set aside, so that one of them stops neither a read nor a start."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog

from noctuary.common import clock
from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.rows import Baseline, InboxRow, IntegrationState
from noctuary.store.sqlite.events.ledger import Ledger

log = structlog.get_logger()
T = TypeVar("T", bound=msgspec.Struct)
INBOX_COLUMNS = "id, integration_id, webhook_id, received_at, body, attempts"
"""The columns of an InboxRow."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, TypeError, ValueError)
"""What the decoding of a damaged row raises."""
MAX_KEPT = 1_000
"""Rows that were set aside, for whoever looks into it; beyond it the oldest go."""
MAX_CONTENT_BYTES = 65_536
"""Of a row that much is kept."""


class DamagedRow(NamedTuple):
    """A row that could not be decoded, by its table and what identifies it there."""

    table: str
    row_id: int | bytes


class _Table(NamedTuple):
    columns: str
    key: str
    decode: Callable[..., object]
    row_id: str = "rowid"


def _typed(type_: type[msgspec.Struct]) -> Callable[..., object]:
    """Return what takes the columns of a type's fields, and raises one of UNREADABLE unless they are of their types."""
    return lambda *columns: sound(type_, columns)


def sound(type_: type[T], columns: tuple[Any, ...]) -> T:
    """Return the columns of a row as the fields of a type, in their order; raise one of UNREADABLE."""
    fields = dict(zip(type_.__struct_fields__, columns, strict=True))
    return msgspec.convert(fields, type_, builtin_types=(bytes,))


def baseline(*columns: Any) -> Baseline:
    """Return a baseline of its columns; raise one of UNREADABLE, also where its state is neither JSON nor empty."""
    found = sound(Baseline, columns)
    if found.state:
        msgspec.json.decode(found.state)
    return found


TABLES = {
    "events": _Table("event", "tenant || '/' || dedup_key", msgspec.json.Decoder(ContextEvent).decode),
    "incidents": _Table("incident", "incident_id", msgspec.json.Decoder(IncidentRow).decode),
    "notes": _Table("note", "incident_id", msgspec.json.Decoder(NoteRow).decode),
    "inbox": _Table(INBOX_COLUMNS, "integration_id || '/' || webhook_id", _typed(InboxRow)),
    "baselines": _Table(
        ", ".join(Baseline.__struct_fields__), "namespace || '/' || name", baseline, "CAST(uid AS BLOB)"
    ),
    "facts": _Table(", ".join(IntegrationState.__struct_fields__), "id", _typed(IntegrationState)),
}
"""The tables whose rows must be decoded, or be of the types that are read; of all others only ids and times are."""


@contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Let texts be read that are no UTF-8, so that what is around them can be; they fit no type and no JSON."""
    connection.text_factory = _as_it_is
    try:
        yield
    finally:
        connection.text_factory = str


def _as_it_is(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def search(connection: sqlite3.Connection, table: str) -> Iterator[DamagedRow]:
    """Find the damaged rows of a table; reads all of it."""
    of = TABLES[table]
    with _any_text(connection):
        for row_id, *columns in connection.execute(f"SELECT {of.row_id}, {of.columns} FROM {table}"):  # noqa: S608 - constants
            if _is_damaged(of, columns):
                yield DamagedRow(table, row_id)


def set_aside(connection: sqlite3.Connection, row: DamagedRow) -> bool:
    """Move a row out of its table if it is damaged still, and say so; False when it is not."""
    of = TABLES[row.table]
    is_it = f"{of.row_id} = ?"
    with _any_text(connection):
        found = connection.execute(
            f"SELECT {of.key}, {of.columns} FROM {row.table} WHERE {is_it}",  # noqa: S608 - constants
            (row.row_id,),
        ).fetchone()
    if found is None or not _is_damaged(of, found[1:]):
        return False
    content = found[1] if len(found) == len(("key", "content")) else repr(found[1:])
    keep(connection, row.table, found[0], content)
    if row.table == "events":
        ledger = Ledger(connection)
        ledger.delete(ledger.stored([int(row.row_id)]))
        ledger.save()
    else:
        connection.execute(f"DELETE FROM {row.table} WHERE {is_it}", (row.row_id,))  # noqa: S608 - constants
    return True


def _is_damaged(of: _Table, columns: Sequence[Any]) -> bool:
    try:
        of.decode(*columns)
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
