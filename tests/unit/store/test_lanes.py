"""What goes together in one transaction, and by how many statements rows are written."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from noctuary.store.sqlite import many_rows
from noctuary.store.sqlite.jobs import MAX_EVENT_ROWS_BESIDE, Bulk, Job, Lanes


def job(rows: int = 0) -> Job[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    return Job(lambda _: None, future, bulk=Bulk(None, None, rows) if rows else None)


def rows_of(taken: list[Job[None]]) -> list[int]:
    return [each.rows for each in taken]


async def test_only_every_second_transaction_of_incidents_holds_events_that_wait() -> None:
    lanes = Lanes()
    lanes.put(job(rows=1))
    transactions = []
    for _ in range(4):
        lanes.put(job())
        lanes.put(job(rows=MAX_EVENT_ROWS_BESIDE))
        transactions.append(rows_of(lanes.take()))
    assert transactions == [[0], [0, 1], [0], [0, MAX_EVENT_ROWS_BESIDE]]


async def test_what_was_put_is_taken_once_and_then_nothing_is() -> None:
    lanes = Lanes()
    for each in (job(), job(rows=3), job(), job(rows=2)):
        lanes.put(each)
    lanes.close()
    assert [rows_of(lanes.take()) for _ in range(3)] == [[0, 0], [3, 2], []]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 63, 64, 65, 200])
def test_every_row_is_written_once_and_in_its_order(count: int) -> None:
    rows = [(number, f"text {number}") for number in range(count)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE told (number INTEGER, text TEXT)")
        many_rows.insert(connection, "told (number, text)", rows)
        assert connection.execute("SELECT * FROM told ORDER BY rowid").fetchall() == rows
