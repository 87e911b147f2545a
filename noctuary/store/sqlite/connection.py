"""How the SQLite file is opened: durable at every COMMIT, and ours alone."""

import fcntl
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary.store.sqlite.schema import DATA_DIR_SETTING, migrate, require_known

LOCK_WAIT_S = 2.0
"""A predecessor that was told to stop may need a moment to let go of the file."""
LOCK_POLL_S = 0.05
CACHED_STATEMENTS = 256
CACHE_KIB = 16_384
"""SQLite's own page cache: holds the hot ends of all indexes."""
_IN_USE = ("is in use by another process", "run one receiver per directory, and stop the other one")


def open_alone(path: Path) -> tuple[int, sqlite3.Connection]:
    """Lock the directory and open the file; return the lock's descriptor and the writing connection.

    Raises InvalidInput.
    """
    lock = lock_directory(path)
    try:
        return lock, connect(path)
    except BaseException:
        os.close(lock)
        raise


def connect(path: Path) -> sqlite3.Connection:
    """Open or make the file, bring its schema up to date and write on trial; raise InvalidInput."""
    _check_version(path)
    try:
        connection = _open(path)
    except sqlite3.Error as error:
        raise _explain(error, path) from error
    try:
        _configure(connection)
        migrate(connection)
        _write_on_trial(connection)
        connection.execute("PRAGMA busy_timeout = 0")  # nobody else writes; a checkpoint must not wait for readers
    except sqlite3.Error as error:
        connection.close()
        raise _explain(error, path) from error
    except InvalidInput:
        connection.close()
        raise
    return connection


def _check_version(path: Path) -> None:
    """Leave a file of a newer program as it is, to the byte: a reader neither converts it nor empties its log."""
    if not path.exists() or not path.stat().st_size:
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=LOCK_WAIT_S)) as reader:
            require_known(reader)
    except sqlite3.Error as error:
        raise _explain(error, path) from error


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open the file once more, for reads only; raise sqlite3.Error."""
    connection = _open(path)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, cached_statements=CACHED_STATEMENTS)


def lock_directory(path: Path) -> int:
    """Take a file for this process alone, until the descriptor that is returned is closed; raise InvalidInput.

    SQLite's own exclusive mode would keep our readers out, too. The lock is on the directory: a lock file beside the
    database looks like something left behind, and whoever removes it lets a second process in.
    """
    try:
        lock = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        problem = f"{path.parent} cannot be opened ({error.strerror})"
        raise InvalidInput(DATA_DIR_SETTING, problem, "name a directory that is ours") from error
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(lock)
                raise InvalidInput(DATA_DIR_SETTING, f"{path} {_IN_USE[0]}", _IN_USE[1]) from None
            time.sleep(LOCK_POLL_S)
        except OSError:
            os.close(lock)
            raise
        else:
            return lock


def _configure(connection: sqlite3.Connection) -> None:
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
    """Write the latest time that was seen: proves that commits work, and tells a later start of a clock set back."""
    connection.execute(
        "INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = max(at, excluded.at)",
        (clock.now(),),
    )


def _explain(error: sqlite3.Error, path: Path) -> InvalidInput:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        problem, fix = _IN_USE
    elif name in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        problem = "is not a sound database"
        fix = "see what `noctuary store check` says, and restore a backup or name an empty directory"
    elif name == "SQLITE_FULL":
        problem, fix = "has no space left", "free space or enlarge the volume"
    else:
        problem, fix = f"cannot be opened ({name or error})", "name a writable directory on a local disk"
    return InvalidInput(DATA_DIR_SETTING, f"{path} {problem}", fix)
