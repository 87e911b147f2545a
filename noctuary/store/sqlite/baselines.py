"""The last pod template that was seen of each workload."""

import sqlite3

from noctuary.store.rows import Baseline
from noctuary.store.sqlite.bounds import damaged

_FIELDS = Baseline.__struct_fields__


def save(connection: sqlite3.Connection, baseline: Baseline) -> None:
    """Insert or replace a baseline."""
    connection.execute(
        f"INSERT OR REPLACE INTO baselines ({', '.join(_FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
        tuple(getattr(baseline, name) for name in _FIELDS),
    )


def drop(connection: sqlite3.Connection, uid: str) -> None:
    """Forget a baseline."""
    connection.execute("DELETE FROM baselines WHERE uid = ?", (uid,))


def every(connection: sqlite3.Connection) -> list[Baseline]:
    """Return all baselines; raise one of damaged.UNREADABLE."""
    rows = connection.execute(f"SELECT {', '.join(_FIELDS)} FROM baselines")  # noqa: S608 - constants
    return [damaged.baseline(*row) for row in rows]
