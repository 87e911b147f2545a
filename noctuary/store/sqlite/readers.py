"""Threads that read beside the writer: in a write-ahead log no reader waits for a writer, nor a writer for a reader."""

import asyncio
import queue
import sqlite3
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import structlog

from noctuary.common.errors import StoreUnavailable
from noctuary.store.sqlite.connection import connect_reader
from noctuary.store.sqlite.failures import error_name, is_fatal, not_read
from noctuary.store.sqlite.jobs import Job, Outcome, T, Work

log = structlog.get_logger()

THREADS = 3
"""Two for windows of events, which may be slow, and one that stays for all else; more would not be faster."""
MAX_WAITING_READS = 10_000
"""Beyond it the asker is refused at once: reads that wait hold memory and the attention of nobody."""
CLOSE_TIMEOUT_S = 5.0


class Readers:
    """Runs reads, each on a snapshot with every commit that was answered before; `on_fatal` runs in their threads."""

    def __init__(self, path: Path, on_fatal: Callable[[str], None]) -> None:
        self._path = path
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._may_read = threading.Event()
        self._may_read.set()
        self._reading = [threading.Lock() for _ in range(THREADS)]
        self._threads = [
            threading.Thread(target=self._run, args=[lock], name=f"store reader {n}", daemon=True)
            for n, lock in enumerate(self._reading)
        ]

    def start(self) -> None:
        """Start the threads; the file exists by now."""
        for thread in self._threads:
            thread.start()

    async def submit(self, work: Work[T]) -> T:
        """Run a read; raise StoreUnavailable when it cannot be done."""
        if self._queue.qsize() >= MAX_WAITING_READS:
            raise StoreUnavailable("Too many reads wait", retry_after_s=1)
        job = Job(work, self._loop.create_future())
        self._queue.put(job)
        result: T = await job.future
        return result

    def close(self) -> None:
        """Finish the reads that wait and end the threads; blocks."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(CLOSE_TIMEOUT_S)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let no read begin, and wait for those that run; blocks for their milliseconds, in any thread but theirs."""
        self._may_read.clear()
        try:
            with ExitStack() as held:
                for lock in self._reading:
                    held.enter_context(lock)
                yield
        finally:
            self._may_read.set()

    # From here on: the readers' own threads.

    def _run(self, reading: threading.Lock) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._queue.get()) is not None:
            try:
                connection = connection or connect_reader(self._path)
                self._may_read.wait()  # a lock alone would be taken again before the one who pauses us has it
                with reading:
                    outcome = Outcome(job, _on_snapshot(connection, job.work), None)
            except sqlite3.Error as error:
                outcome = Outcome(job, None, not_read(error))
                if is_fatal(error):
                    self._on_fatal(error_name(error))
            except Exception as error:  # noqa: BLE001 - handed over to whoever asked
                outcome = Outcome(job, None, error)
            self._answer(outcome)
        if connection is not None:
            connection.close()

    def _answer(self, outcome: Outcome) -> None:
        try:
            self._loop.call_soon_threadsafe(outcome.settle)
        except RuntimeError:  # the loop was closed without closing the store: nobody is left to be answered
            log.warning("Read outlived its event loop")


def _on_snapshot(connection: sqlite3.Connection, work: Work[T]) -> T:
    connection.execute("BEGIN")
    try:
        return work(connection)
    except Exception as error:
        # A cursor in one of its frames would keep this snapshot, for all later reads of this thread.
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        if connection.in_transaction:  # SQLite ends it by itself after the errors that matter most
            connection.execute("ROLLBACK")
