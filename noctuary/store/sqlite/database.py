"""One thread that owns the only SQLite connection and commits everything that waits in one transaction."""

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import structlog

from noctuary.common.errors import StoreUnavailable
from noctuary.store.sqlite.connection import connect

log = structlog.get_logger()

_ABANDONED: list[sqlite3.Connection] = []
"""Connections of failed stores; the process should end without closing them (os._exit)."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

MAX_WAITING_JOBS = 10_000
"""Some seconds of work for a slow disk; beyond it senders are asked to come again."""
MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Bodies that wait for the disk are held in memory."""
MAX_BATCH = 1_000
"""Jobs in one transaction: bounds how long the first one waits for the last."""
CHECKPOINT_BYTES = 8 * 1024 * 1024
"""The write-ahead log is copied into the database beyond this size; about 20 ms on a slow disk."""
CLOSE_TIMEOUT_S = 10.0

_WHOLE_BATCH = frozenset({"SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_NOMEM", "SQLITE_INTERRUPT"})
"""Errors of the moment: nothing of the batch is durable, and the next batch may succeed."""
_FATAL = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PROTOCOL")
"""After these no later success can be trusted: a failed fsync that is repeated may lie."""


class _Job(NamedTuple, Generic[T]):
    work: Work[T]
    future: "asyncio.Future[T]"
    writes: bool
    size_bytes: int


class _Outcome(NamedTuple):
    job: _Job[Any]
    value: Any
    error: BaseException | None


class Database:
    """Runs jobs in order of arrival; a write's answer comes after COMMIT. Used from one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = Path(f"{path}-wal")
        self._queue: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self.waiting_jobs = 0
        self.failed = asyncio.Event()
        """Set when the store can never commit again; `failure` says why."""
        self.failure: str | None = None
        self.refusal: str | None = None
        """Why the last batch could not be committed; None when it could."""

    async def open(self) -> None:
        """Start the thread and open the file; raise InvalidInput when it cannot be ours."""
        self._thread.start()
        await self._opened

    @property
    def alive(self) -> bool:
        """Whether the thread runs and may commit."""
        return self._thread.is_alive() and self.failure is None

    async def read(self, work: Work[T]) -> T:
        """Run a job that writes nothing."""
        return await self._submit(work, writes=False, size_bytes=0)

    async def write(self, work: Work[T], size_bytes: int = 0) -> T:
        """Run a job and return its answer when it is durable; raise StoreUnavailable when it is not."""
        return await self._submit(work, writes=True, size_bytes=size_bytes)

    async def close(self) -> None:
        """Commit what waits, close the file and end the thread."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join, CLOSE_TIMEOUT_S)

    def _submit(self, work: Work[T], *, writes: bool, size_bytes: int) -> "asyncio.Future[T]":
        if self._closing or self.failure is not None:
            raise StoreUnavailable("The store is closed" if self._closing else "The store has failed")
        if self.waiting_jobs >= MAX_WAITING_JOBS or self._waiting_bytes + size_bytes > MAX_WAITING_BYTES:
            raise StoreUnavailable("Too much waits for the disk", retry_after_s=1)
        job = _Job(work, self._loop.create_future(), writes, size_bytes)
        self.waiting_jobs += 1
        self._waiting_bytes += size_bytes
        self._queue.put(job)
        return job.future

    def _tell(self, outcomes: list[_Outcome]) -> None:
        for job, value, error in outcomes:
            self.waiting_jobs -= 1
            self._waiting_bytes -= job.size_bytes
            if job.future.cancelled():
                continue
            if error is None:
                job.future.set_result(value)
            else:
                job.future.set_exception(error)

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self.failed.set()

    # From here on: the store's own thread.

    def _run(self) -> None:
        try:
            connection = connect(self._path)
        except Exception as error:  # noqa: BLE001 - handed over to whoever opens the store
            self._loop.call_soon_threadsafe(self._opened.set_exception, error)
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        try:
            self._work(connection)
        finally:
            self._end(connection)

    def _end(self, connection: sqlite3.Connection) -> None:
        if self.failure is None:
            connection.close()
        else:  # closing would checkpoint: repeat the very fsync that must not be trusted again
            _ABANDONED.append(connection)

    def _work(self, connection: sqlite3.Connection) -> None:
        more = True
        while more:
            batch, more = self._take()
            reads = [self._read(connection, job) for job in batch if not job.writes]
            if reads:
                self._report(reads)
            writes = [job for job in batch if job.writes]
            if writes:
                self._report(self._commit(connection, writes))
                self._checkpoint(connection)

    def _read(self, connection: sqlite3.Connection, job: _Job[Any]) -> _Outcome:
        try:
            return _Outcome(job, job.work(connection), None)
        except sqlite3.Error as error:
            if error_name(error).startswith(_FATAL):
                self._fail_from_thread(error_name(error))
            return _Outcome(job, None, StoreUnavailable(f"Not read: {error}"))
        except Exception as error:  # noqa: BLE001 - handed over to whoever asked
            return _Outcome(job, None, error)

    def _report(self, outcomes: list[_Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._tell, outcomes)
        except RuntimeError:  # the loop was closed without closing the store: nobody is left to be told
            log.warning("Store outlived its event loop", answers=len(outcomes))

    def _take(self) -> tuple[list[_Job[Any]], bool]:
        batch: list[_Job[Any]] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if len(batch) == MAX_BATCH:
                return batch, True
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, connection: sqlite3.Connection, jobs: list[_Job[Any]]) -> list[_Outcome]:
        if self.failure is not None:
            return [_Outcome(job, None, StoreUnavailable("The store has failed")) for job in jobs]
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_attempt_alone(connection, job) for job in jobs]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(connection, error)
            return [_Outcome(job, None, StoreUnavailable(f"Not committed: {error}")) for job in jobs]
        self.refusal = None
        return outcomes

    def _give_up(self, connection: sqlite3.Connection, error: sqlite3.Error) -> None:
        name = error_name(error)
        self.refusal = name
        log.error("Store could not commit", error=name, path=str(self._path))
        if name.startswith(_FATAL):
            self._fail_from_thread(name)
        elif connection.in_transaction:
            connection.execute("ROLLBACK")

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        # SQLite's own checkpoints hide a failed fsync of the database file; ours tell.
        try:
            if os.stat(self._wal).st_size > CHECKPOINT_BYTES:  # noqa: PTH116 - on the path of every commit
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            self._give_up(connection, error)
        except FileNotFoundError:
            self._fail_from_thread("the write-ahead log is gone")

    def _fail_from_thread(self, reason: str) -> None:
        self.failure = reason  # at once: no later job of this thread may be told that it was committed
        self._loop.call_soon_threadsafe(self._fail, reason)


def error_name(error: sqlite3.Error) -> str:
    """Return SQLite's name of an error, such as SQLITE_FULL."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


def _attempt_alone(connection: sqlite3.Connection, job: _Job[Any]) -> _Outcome:
    """Run a job so that its failure undoes that job only; errors of the whole database go on."""
    connection.execute("SAVEPOINT job")
    try:
        outcome = _Outcome(job, job.work(connection), None)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and concerns_all(error):
            raise
        connection.execute("ROLLBACK TO job")
        outcome = _Outcome(job, None, error)
    connection.execute("RELEASE job")
    return outcome


def concerns_all(error: sqlite3.Error) -> bool:
    """Tell whether an error is of the database rather than of the job that met it."""
    name = error_name(error)
    return name in _WHOLE_BATCH or name.startswith(_FATAL)
