"""Writes that fail when the row is not the one that was read."""

import sqlite3
from collections.abc import Mapping
from typing import Literal

from noctuary.common.errors import RevisionConflict

Table = Literal["incidents", "notes"]
Value = str | float | bytes | bool | None
_OWNER_COLUMN: dict[Table, str] = {"incidents": "integration_id", "notes": "account"}
"""What the rows of a table belong to; with the incident's id it is their key."""


def save(
    connection: sqlite3.Connection, table: Table, key: tuple[str, str], expected: int, values: Mapping[str, Value]
) -> None:
    """Insert (expected revision 0) or update a row by its key; raise RevisionConflict."""
    owner = _OWNER_COLUMN[table]
    if expected == 0:
        names = (owner, "incident_id", "revision", *values)
        statement = (
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - constants
            f" ON CONFLICT ({owner}, incident_id) DO NOTHING"
        )
        written = connection.execute(statement, (*key, 1, *values.values())).rowcount
    else:
        changes = ", ".join(f"{name} = ?" for name in values)
        statement = (
            f"UPDATE {table} SET revision = revision + 1, {changes}"  # noqa: S608 - constants
            f" WHERE {owner} = ? AND incident_id = ? AND revision = ?"
        )
        written = connection.execute(statement, (*values.values(), *key, expected)).rowcount
    if written != 1:
        raise RevisionConflict(f"{table}: incident {key[1]} was written since it was read")
