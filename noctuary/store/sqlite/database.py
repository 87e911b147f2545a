"""One thread that owns the only writing connection and commits what waits in one transaction, incidents first."""

import asyncio
import os
import sqlite3
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import structlog

from noctuary.common.errors import StoreUnavailable
from noctuary.store.sqlite.connection import open_alone
from noctuary.store.sqlite.failures import concerns_all, error_name, is_fatal
from noctuary.store.sqlite.jobs import Bulk, Job, Lanes, Outcome, T, Work, in_groups
from noctuary.store.sqlite.readers import Readers

log = structlog.get_logger()

_ABANDONED: list[sqlite3.Connection] = []
"""Connections of failed stores; the process should end without closing them (os._exit)."""

MAX_WAITING_JOBS = 10_000
"""Some seconds of work for a slow disk; beyond it senders are asked to retry later."""
MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Bodies that wait for the disk are held in memory."""
MAX_WAITING_ROWS = 5_000
"""Events that wait: a quarter of a second of work. Beyond it senders of events are asked to retry later."""
MAX_WAITING_ROW_BYTES = 16 * 1024 * 1024
"""What the events that wait hold in memory."""
CHECKPOINT_BYTES = 8 * 1024 * 1024
"""The write-ahead log is copied into the database beyond this size; about 20 ms on a slow disk."""
MAX_LOG_BYTES = 4 * CHECKPOINT_BYTES
"""Readers that never pause keep the log from being cut; beyond this size they are made to, for as long as it takes."""
BULK_ANSWERS_PER_TURN = 8
"""Jobs in bulk that are answered in one turn of the event loop: whoever waits for one has work to do at once."""
CLOSE_TIMEOUT_S = 10.0


class Database:
    """Writes in two lanes, answered after COMMIT, and reads beside them. Used from one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = Path(f"{path}-wal")
        self._lanes = Lanes()
        self._waiting_bytes = 0
        self._waiting_bulks = 0
        self._waiting_rows = 0
        self._waiting_row_bytes = 0
        self._checkpoint_at_bytes = CHECKPOINT_BYTES
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._readers = Readers(path, self._fail_from_thread)
        self.waiting_writes = 0
        self.failed = asyncio.Event()
        """Set when the store can never commit again; `failure` says why."""
        self.failure: str | None = None
        self.refusal: str | None = None
        """Why the last batch could not be committed; None when it could."""

    async def open(self) -> None:
        """Start the threads and open the file; raise InvalidInput when it cannot be ours."""
        self._thread.start()
        await self._opened
        self._readers.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs and may commit."""
        return self._thread.is_alive() and self.failure is None

    async def read(self, work: Work[T]) -> T:
        """Run a job that writes nothing: it waits for no write and sees all that were answered."""
        self._require_open()
        return await self._readers.submit(work)

    async def write(self, work: Work[T], size_bytes: int = 0) -> T:
        """Run a job and return its answer when it is durable; raise StoreUnavailable when it is not."""
        self._require_open()
        is_full = self.waiting_writes - self._waiting_bulks >= MAX_WAITING_JOBS
        if is_full or self._waiting_bytes + size_bytes > MAX_WAITING_BYTES:
            raise StoreUnavailable("Too much waits for the disk", retry_after_s=1)
        return await self._submit(Job(work, self._loop.create_future(), size_bytes))

    def require_room(self, rows: int, size_bytes: int) -> None:
        """Raise StoreUnavailable when no more rows in bulk may wait; what is too large for any room may wait alone."""
        self._require_open()
        is_full = self._waiting_rows + rows > MAX_WAITING_ROWS
        if self._waiting_rows and (is_full or self._waiting_row_bytes + size_bytes > MAX_WAITING_ROW_BYTES):
            raise StoreUnavailable("Too many events wait for the disk", retry_after_s=1)

    async def write_bulk(self, work: Work[T], bulk: Bulk, size_bytes: int = 0) -> T:
        """Run a job that lets all others go first; ask `require_room` before. Raises StoreUnavailable."""
        self._require_open()
        return await self._submit(Job(work, self._loop.create_future(), size_bytes, bulk))

    async def _submit(self, job: Job[T]) -> T:
        self._count(job, 1)
        self._lanes.put(job)
        result: T = await job.future
        return result

    def _count(self, job: Job[Any], sign: int) -> None:
        self.waiting_writes += sign
        if job.bulk is None:
            self._waiting_bytes += sign * job.size_bytes
        else:
            self._waiting_bulks += sign
            self._waiting_rows += sign * job.rows
            self._waiting_row_bytes += sign * job.size_bytes

    async def close(self) -> None:
        """Commit what waits, close the file and end the threads."""
        if not self._closing:
            self._closing = True
            await asyncio.to_thread(self._readers.close)
            self._lanes.close()
        await asyncio.to_thread(self._thread.join, CLOSE_TIMEOUT_S)

    def _require_open(self) -> None:
        if self._closing or self.failure is not None:
            raise StoreUnavailable("The store is closed" if self._closing else "The store has failed")

    def _report_to_loop(self, outcomes: list[Outcome]) -> None:
        self._settle([outcome for outcome in outcomes if outcome.job.bulk is None])
        self._settle_bulk([outcome for outcome in outcomes if outcome.job.bulk is not None])

    def _settle(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self._count(outcome.job, -1)
            outcome.settle()

    def _settle_bulk(self, outcomes: list[Outcome]) -> None:
        """Answer a few at a time, so that the turns of the event loop stay short."""
        self._settle(outcomes[:BULK_ANSWERS_PER_TURN])
        if len(outcomes) > BULK_ANSWERS_PER_TURN:
            self._loop.call_soon(self._settle_bulk, outcomes[BULK_ANSWERS_PER_TURN:])

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.failed.set()

    # From here on: the store's own thread.

    def _run(self) -> None:
        try:
            lock, connection = open_alone(self._path)
        except Exception as error:  # noqa: BLE001 - handed over to whoever opens the store
            self._loop.call_soon_threadsafe(self._opened.set_exception, error)
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        try:
            self._work(connection)
        finally:
            self._end(connection, lock)

    def _end(self, connection: sqlite3.Connection, lock: int) -> None:
        if self.failure is None:
            connection.close()
            os.close(lock)
        else:  # closing would checkpoint: repeat the very fsync that must not be trusted again
            _ABANDONED.append(connection)

    def _work(self, connection: sqlite3.Connection) -> None:
        while batch := self._lanes.take():
            self._report(self._commit(connection, batch))
            self._checkpoint(connection)

    def _report(self, outcomes: list[Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._report_to_loop, outcomes)
        except RuntimeError:  # the loop was closed without closing the store: nobody is left to be told
            log.warning("Store outlived its event loop", answers=len(outcomes))

    def _commit(self, connection: sqlite3.Connection, jobs: list[Job[Any]]) -> list[Outcome]:
        if self.failure is not None:
            return [Outcome(job, None, StoreUnavailable("The store has failed")) for job in jobs]
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [outcome for group in in_groups(jobs) for outcome in _attempt(connection, group)]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(connection, error)
            return [Outcome(job, None, StoreUnavailable(f"Not committed: {error}")) for job in jobs]
        self.refusal = None
        return outcomes

    def _give_up(self, connection: sqlite3.Connection, error: sqlite3.Error) -> None:
        name = error_name(error)
        self.refusal = name
        log.error("Store could not commit", error=name, path=str(self._path))
        if is_fatal(error):
            self._fail_from_thread(name)
        elif connection.in_transaction:
            connection.execute("ROLLBACK")

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        # SQLite's own checkpoints hide a failed fsync of the database file; ours tell.
        try:
            size = os.stat(self._wal).st_size  # noqa: PTH116 - on the path of every commit
            if size > self._checkpoint_at_bytes:
                with self._readers.paused() if size > MAX_LOG_BYTES else nullcontext():
                    is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                # A reader of an older snapshot keeps the log from being cut: tried again when it has grown.
                self._checkpoint_at_bytes = (size if is_busy else 0) + CHECKPOINT_BYTES
        except sqlite3.Error as error:
            self._give_up(connection, error)
        except FileNotFoundError:
            self._fail_from_thread("the write-ahead log is gone")

    def _fail_from_thread(self, reason: str) -> None:
        self.failure = reason  # at once: no later job of this thread may be told that it was committed
        self._loop.call_soon_threadsafe(self._fail, reason)


def _attempt(connection: sqlite3.Connection, jobs: list[Job[Any]]) -> list[Outcome]:
    """Run jobs together if they may be; when that fails, each alone, so that one of them fails no other."""
    bulks = [job.bulk for job in jobs if job.bulk is not None]
    together = bulks[0].together if len(bulks) > 1 else None
    if together is not None:
        all_at_once = Job(lambda c: together(c, [bulk.argument for bulk in bulks]), jobs[0].future)
        outcome = _attempt_alone(connection, all_at_once)
        if outcome.error is None:
            return [Outcome(job, value, None) for job, value in zip(jobs, outcome.value, strict=True)]
    return [_attempt_alone(connection, job) for job in jobs]


def _attempt_alone(connection: sqlite3.Connection, job: Job[Any]) -> Outcome:
    """Run a job so that its failure undoes that job only; errors of the whole database go on."""
    connection.execute("SAVEPOINT job")
    try:
        outcome = Outcome(job, job.work(connection), None)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and concerns_all(error):
            raise
        connection.execute("ROLLBACK TO job")
        outcome = Outcome(job, None, error)
    connection.execute("RELEASE job")
    return outcome
