"""Which errors of SQLite concern one job, which the whole batch, and after which nothing can be trusted any more."""

import sqlite3

from noctuary.common.errors import StoreUnavailable

_WHOLE_BATCH = frozenset({"SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_NOMEM", "SQLITE_INTERRUPT"})
"""Errors of the moment: nothing of the batch is durable, and the next batch may succeed."""
_FATAL = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PROTOCOL")
"""After these no later success can be trusted: a failed fsync that is repeated may lie."""


def error_name(error: sqlite3.Error) -> str:
    """Return SQLite's name of an error, such as SQLITE_FULL."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def is_fatal(error: sqlite3.Error) -> bool:
    """Tell whether the store can never commit again."""
    return error_name(error).startswith(_FATAL)


def concerns_all(error: sqlite3.Error) -> bool:
    """Tell whether an error is of the database rather than of the job that met it."""
    return error_name(error) in _WHOLE_BATCH or is_fatal(error)


class UndecodableText(StoreUnavailable):
    """A row that was to be read holds a text that is no UTF-8."""


def not_read(error: sqlite3.Error) -> StoreUnavailable:
    """Return what to tell whoever asked for a read that failed."""
    # Python has no other sign of it than its words.
    kind = UndecodableText if "Could not decode to UTF-8" in str(error) else StoreUnavailable
    return kind(f"Not read: {error}")
