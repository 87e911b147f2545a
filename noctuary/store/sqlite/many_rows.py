"""Many rows written by few statements: each step of a statement gives up the interpreter, and waits to get it back."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

LENGTHS = (64, 16, 4, 1)
"""Rows of one statement: few lengths, so that every statement is compiled once."""


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, all of as many values, `into` a table with its columns as SQL has it."""
    for part in _parts(rows):
        connection.execute(_statement(into, len(part), len(part[0])), [value for row in part for value in row])


def _parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    first = 0
    for length in LENGTHS:
        while len(rows) - first >= length:
            yield rows[first : first + length]
            first += length


@cache
def _statement(into: str, rows: int, columns: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)}"  # noqa: S608 - constants of the caller
