"""How the SQLite file is opened: durable at every COMMIT, and ours alone."""

import sqlite3
import time
from pathlib import Path

from noctuary.common.errors import InvalidInput
from noctuary.store.sqlite.schema import DATA_DIR_SETTING, migrate

LOCK_WAIT_S = 2.0
"""A predecessor that was told to stop may need a moment to let go of the file."""
CACHED_STATEMENTS = 256
CACHE_KIB = 16_384
"""SQLite's own page cache: holds the hot ends of all indexes."""


def connect(path: Path) -> sqlite3.Connection:
    """Open or make the file, bring its schema up to date and write on trial; raise InvalidInput."""
    connection = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, cached_statements=CACHED_STATEMENTS)
    try:
        _configure(connection)
        migrate(connection)
        _write_on_trial(connection)
    except sqlite3.Error as error:
        connection.close()
        raise _explain(error, path) from error
    except InvalidInput:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    # EXCLUSIVE comes first: it then holds from the first access on, and needs no shared memory file.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise InvalidInput(
            DATA_DIR_SETTING, f"cannot hold a write-ahead log (SQLite chose {mode})", "name a directory on a local disk"
        )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _write_on_trial(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    probe(connection)
    connection.execute("COMMIT")


def probe(connection: sqlite3.Connection) -> None:
    """Write one small row: proves that commits work."""
    connection.execute("INSERT OR REPLACE INTO probe (id, at) VALUES (1, ?)", (time.time(),))


def _explain(error: sqlite3.Error, path: Path) -> InvalidInput:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        problem, fix = "is in use by another process", "run one receiver per directory, and stop the other one"
    elif name in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        problem, fix = "is not a sound database", "restore a backup, or name an empty directory"
    elif name == "SQLITE_FULL":
        problem, fix = "has no space left", "free space or enlarge the volume"
    else:
        problem, fix = f"cannot be opened ({name or error})", "name a writable directory on a local disk"
    return InvalidInput(DATA_DIR_SETTING, f"{path} {problem}", fix)
