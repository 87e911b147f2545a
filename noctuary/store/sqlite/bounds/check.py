"""Looks through a store that nobody uses now, without changing it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from noctuary.common.errors import InvalidInput
from noctuary.store.sqlite.bounds import damaged
from noctuary.store.sqlite.connection import lock_directory
from noctuary.store.sqlite.schema import DATA_DIR_SETTING, MIGRATIONS, require_known
from noctuary.store.sqlite.store import FILE_NAME

COUNTED = ("events", "services", "subjects", "inbox", "incidents", "notes", "rechecks", "facts", "baselines", "damaged")
MAX_NAMED = 20
"""Of each kind of trouble so many are named; the rest is a number."""
RESTORE = "restore the volume from a backup, or start with an empty directory"
MAKE_WRITABLE = "look as the receiver's user, on a volume that is mounted for writing: the log that is left is indexed"
_NOT_OPENED = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")
"""Speak of rights and mounts: what is in the file was not seen, so nobody is told to throw it away."""


def inspect(directory: Path) -> tuple[list[str], list[str]]:
    """Return what is in the store, and what is wrong with it, a line each.

    Raises InvalidInput when the store is in use or cannot be opened.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise InvalidInput(DATA_DIR_SETTING, f"{path} does not exist", "name the directory of a store")
    lock = lock_directory(path)
    try:
        with closing(sqlite3.connect(_address(path), uri=True, isolation_level=None)) as connection:
            return _look(connection)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "").startswith(_NOT_OPENED):
            raise InvalidInput(DATA_DIR_SETTING, f"{path} cannot be opened: {error}", MAKE_WRITABLE) from error
        return [], [f"the file cannot be read: {error}; {RESTORE}"]
    finally:
        os.close(lock)


def _address(path: Path) -> str:
    """Return how the file is opened: without a log, as one that cannot change, for which nothing beside it is made."""
    log = path.with_name(f"{path.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return f"file:{quote(str(path))}?mode=ro" + ("" if has_log else "&immutable=1")


def _look(connection: sqlite3.Connection) -> tuple[list[str], list[str]]:
    version = require_known(connection)
    broken = [text for (text,) in connection.execute(f"PRAGMA integrity_check({MAX_NAMED})") if text != "ok"]
    if broken:
        return [], [f"integrity: {text}; {RESTORE}" for text in broken]
    if version < len(MIGRATIONS):
        return [f"schema version {version}: the next start brings it to {len(MIGRATIONS)}"], []
    found = [f"schema version {version}", *_rows(connection), *_tenants(connection)]
    return found, [*_damaged(connection), *_differences(connection)]


def _rows(connection: sqlite3.Connection) -> Iterator[str]:
    for table in COUNTED:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - constants
        yield f"{table}: {count} rows"


def _tenants(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT tenant, sum(events), sum(bytes), coalesce(max(services), 0)"
        " FROM owners LEFT JOIN tenants USING (tenant) GROUP BY tenant ORDER BY 3 DESC LIMIT ?",
        (MAX_NAMED,),
    )
    for tenant, events, size, services in rows:
        yield f"tenant {tenant or '(nodes)'}: {events} events of {size} bytes, {services} services"


def _damaged(connection: sqlite3.Connection) -> Iterator[str]:
    for table in damaged.TABLES:
        rows = list(damaged.search(connection, table))
        for row in rows[:MAX_NAMED]:
            yield f"{table}: row {row.row_id!r} cannot be decoded; the receiver sets it aside when it meets it"
        if len(rows) > MAX_NAMED:
            yield f"{table}: {len(rows) - MAX_NAMED} more rows cannot be decoded"


def _differences(connection: sqlite3.Connection) -> Iterator[str]:
    """Compare the counters with what they count; events of before an upgrade are not counted until they were swept."""
    if connection.execute("SELECT 1 FROM uncounted").fetchone() is None:
        yield from _different(
            connection,
            "events and bytes of",
            "SELECT tenant || ' from ' || source, events || '/' || bytes FROM owners WHERE events > 0",
            "SELECT tenant || ' from ' || source, count(*) || '/' || sum(length(event)) FROM events"
            " GROUP BY tenant, source",
        )
    yield from _different(
        connection,
        "services of",
        "SELECT tenant, services FROM tenants WHERE services > 0",
        "SELECT tenant, count(*) FROM services WHERE service_name <> '' GROUP BY tenant",
    )
    yield from _different(
        connection,
        "bytes of unused subjects of",
        "SELECT tenant, unused_bytes FROM tenants WHERE unused_bytes > 0",
        "SELECT tenant, sum(size) FROM subjects WHERE unused_at IS NOT NULL GROUP BY tenant",
    )
    yield from _different(
        connection,
        "webhooks (waiting/bytes/worked) of",
        "SELECT integration_id, waiting || '/' || waiting_bytes || '/' || finished FROM holders"
        " WHERE waiting + finished > 0",
        "SELECT integration_id, sum(finished_at IS NULL) || '/' || sum(iif(finished_at IS NULL, length(body), 0))"
        " || '/' || sum(finished_at IS NOT NULL) FROM inbox GROUP BY integration_id",
    )
    yield from _different(
        connection,
        "incidents, notes and states (rows/bytes) of",
        "SELECT integration_id, kept || '/' || kept_bytes FROM holders WHERE kept > 0",
        "SELECT integration_id, count(*) || '/' || sum(bytes) FROM ("
        "SELECT integration_id, length(incident) + coalesce(length(diagnosis), 0) AS bytes FROM incidents"
        " UNION ALL SELECT integration_id, length(note) FROM notes"
        " UNION ALL SELECT id, coalesce(length(last_failure_reason), 0) FROM facts) GROUP BY integration_id",
    )
    yield from _different(
        connection,
        "what is kept by the integrations of",
        "SELECT tenant, waiting || '/' || waiting_bytes || '/' || finished || '/' || kept || '/' || kept_bytes"
        " FROM holdings WHERE waiting + finished + kept > 0",
        "SELECT tenant, sum(waiting) || '/' || sum(waiting_bytes) || '/' || sum(finished) || '/' || sum(kept)"
        " || '/' || sum(kept_bytes) FROM holders GROUP BY tenant HAVING sum(waiting + finished + kept) > 0",
    )


def _different(connection: sqlite3.Connection, what: str, counters: str, counts: str) -> Iterator[str]:
    kept, true = (dict(connection.execute(question).fetchall()) for question in (counters, counts))
    for name in sorted(kept.keys() | true.keys()):
        if kept.get(name) != true.get(name):
            yield f"{what} {name}: counted {kept.get(name, 'none')}, there are {true.get(name, 'none')}"
