import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from noctuary.common.errors import InvalidInput, StoreUnavailable
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite import database
from noctuary.store.sqlite.filesystem import Mount, mount_of, parse_mountinfo, require_local
from noctuary.store.sqlite.schema import MIGRATIONS
from noctuary.store.sqlite.store import FILE_NAME, SqliteStore

NOW = 1_800_000_000.0
WRITER = """
import asyncio, resource, sys
from noctuary.common import log
from pathlib import Path
from noctuary.common.errors import StoreUnavailable
from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.store import SqliteStore

async def write(store, prefix, number):
    name = f"{prefix}-{number}"
    await store.add_webhook(NewWebhook("i", name, "t", 1.0, b"x" * 2000))
    print(name, flush=True)

async def main(directory, prefix, limit_bytes):
    log.configure()
    store = await SqliteStore.open(Path(directory))
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    try:
        for start in range(0, 100_000, 16):
            await asyncio.gather(*(write(store, prefix, start + n) for n in range(16)))
    except StoreUnavailable:
        await asyncio.wait_for(store._database.failed.wait(), 60)
        try:
            await store.probe()
        except StoreUnavailable:
            sys.exit(3)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    yield store
    await store.close()


def webhook(name: str, body: bytes = b"b") -> NewWebhook:
    return NewWebhook("i", name, "t", NOW, body)


def start_writer(directory: Path, prefix: str, limit_bytes: int = 0) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", textwrap.dedent(WRITER), str(directory), prefix, str(limit_bytes)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def stored_names(directory: Path) -> list[str]:
    with sqlite3.connect(directory / FILE_NAME) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = [name for (name,) in connection.execute("SELECT webhook_id FROM inbox")]
    connection.close()
    return names


def acked_before_kill(writer: subprocess.Popen[str], after: int) -> list[str]:
    """Read acknowledgements, kill -9, and read those that were still under way."""
    assert writer.stdout is not None
    with writer:
        acked = [writer.stdout.readline().strip() for _ in range(after)]
        writer.kill()
        return [*acked, *(line.strip() for line in writer.stdout if line.endswith("\n"))]


def test_every_acked_row_is_there_exactly_once_whenever_the_writer_is_killed(tmp_path: Path) -> None:
    acked: list[str] = []
    for life in range(5):
        acked += acked_before_kill(start_writer(tmp_path, f"life-{life}"), random.randint(1, 1500))  # noqa: S311 - no secret
    stored = stored_names(tmp_path)
    assert set(acked) <= set(stored)
    assert len(stored) == len(set(stored))


def test_an_io_error_ends_all_acknowledgements_for_good(tmp_path: Path) -> None:
    # A file size limit makes the kernel refuse a write with EFBIG: an I/O error that SQLite did not expect.
    with start_writer(tmp_path, "w", limit_bytes=1_000_000) as writer:
        assert writer.stdout is not None
        acked = [line.strip() for line in writer.stdout]
    assert writer.returncode == 3
    assert 0 < len(acked) < 1000
    assert set(acked) <= set(stored_names(tmp_path))


async def test_a_full_disk_is_never_acked_and_heals(store: SqliteStore) -> None:
    pages = await store._database.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await store._database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(StoreUnavailable, match="full"):
        await store.add_webhook(webhook("big", b"x" * 100_000))
    assert (store._database.alive, store._database.refusal) == (True, "SQLITE_FULL")
    await store._database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert await store.add_webhook(webhook("big", b"x" * 100_000))
    assert store._database.refusal is None


async def test_nothing_of_a_batch_that_met_a_full_disk_is_acked(store: SqliteStore) -> None:
    pages = await store._database.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await store._database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    webhooks = [webhook("small"), webhook("big", b"x" * 100_000), webhook("small too")]
    results = await asyncio.gather(*(store.add_webhook(each) for each in webhooks), return_exceptions=True)
    acked = {each.webhook_id for each, result in zip(webhooks, results, strict=True) if result is True}
    assert {row.webhook_id for row in await store.claim_webhooks(9, 0, NOW)} == acked
    assert "big" not in acked


async def test_a_bad_job_fails_alone(store: SqliteStore) -> None:
    def bad(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM inbox")
        raise ValueError("a bug")

    jobs = [store.add_webhook(webhook("before")), store._database.write(bad), store.add_webhook(webhook("after"))]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(result) for result in results] == [bool, ValueError, bool]
    assert {row.webhook_id for row in await store.claim_webhooks(9, 0, NOW)} == {"before", "after"}


async def test_a_cancelled_writer_does_not_stop_the_others(store: SqliteStore) -> None:
    gate = threading.Event()
    held = asyncio.ensure_future(store._database.write(lambda _: gate.wait(10)))
    cancelled = asyncio.ensure_future(store.add_webhook(webhook("cancelled")))
    other = asyncio.ensure_future(store.add_webhook(webhook("other")))
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.set()
    assert await held
    assert await other


async def test_too_much_that_waits_is_refused_until_it_is_written(store: SqliteStore) -> None:
    gate = threading.Event()
    held = asyncio.ensure_future(store._database.write(lambda _: gate.wait(10), database.MAX_WAITING_BYTES))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="Too much waits"):
        await store.add_webhook(webhook("w"))
    gate.set()
    await held
    assert await store.add_webhook(webhook("w"))


async def test_a_closed_store_takes_nothing(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    waiting = asyncio.ensure_future(store.add_webhook(webhook("w")))
    await asyncio.sleep(0)
    await store.close()
    assert await waiting
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.add_webhook(webhook("late"))


async def test_the_write_ahead_log_is_bounded(store: SqliteStore, tmp_path: Path) -> None:
    for number in range(60):
        await store.add_webhook(webhook(f"w{number}", b"x" * 500_000))
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size < 2 * database.CHECKPOINT_BYTES


async def test_a_read_that_the_disk_fails_ends_the_store_although_sqlite_has_ended_its_transaction(
    store: SqliteStore,
) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_READ"
        raise error

    with pytest.raises(StoreUnavailable, match="disk I/O error"):
        await store._database.read(broken)
    assert await store.failed() == "SQLITE_IOERR_READ"
    assert not store.healthy()


async def test_the_write_ahead_log_is_bounded_beside_readers_that_never_pause(
    store: SqliteStore, tmp_path: Path
) -> None:
    def slow_read(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT count(*) FROM inbox").fetchall()
        time.sleep(0.01)

    async def read_for_ever() -> None:
        while True:
            await store._database.read(slow_read)

    readers = [asyncio.create_task(read_for_ever()) for _ in range(4)]
    largest = 0
    for number in range(150):
        await store.add_webhook(webhook(f"w{number}", b"x" * 500_000))
        largest = max(largest, (tmp_path / f"{FILE_NAME}-wal").stat().st_size)
    for reader in readers:
        reader.cancel()
    assert largest < database.MAX_LOG_BYTES + 2 * database.CHECKPOINT_BYTES


# Opening


def file_names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


async def test_nothing_that_lies_beside_the_file_can_be_removed_to_let_a_second_receiver_in(
    store: SqliteStore, tmp_path: Path
) -> None:
    assert store.healthy()
    assert file_names(tmp_path) <= {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}


async def test_a_directory_where_the_file_should_be_is_told_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(InvalidInput, match=r"NOCTUARY_DATA_DIR: .* cannot be opened"):
        await SqliteStore.open(tmp_path)


async def test_a_second_receiver_on_the_same_directory_is_told_so(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"NOCTUARY_DATA_DIR: .* is in use by another process"):
        await SqliteStore.open(tmp_path)


async def test_a_newer_schema_is_not_touched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = {file: (tmp_path / file).read_bytes() for file in (FILE_NAME, f"{FILE_NAME}-wal")}
    shutil.copytree(tmp_path, tmp_path / "copy")
    connection.close()
    with pytest.raises(InvalidInput, match="run the newer program again"):
        await SqliteStore.open(tmp_path / "copy")
    assert {file: (tmp_path / "copy" / file).read_bytes() for file in before} == before


async def test_a_fresh_file_has_the_newest_schema(store: SqliteStore) -> None:
    version = await store._database.read(lambda c: c.execute("PRAGMA user_version").fetchone()[0])
    assert version == len(MIGRATIONS)


async def test_every_commit_is_synced(store: SqliteStore) -> None:
    def pragmas(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "locking_mode")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await store._database.write(pragmas) == ["wal", 2, "normal"]


@pytest.mark.parametrize("mode", ["exclusive", "normal"])
async def test_no_other_program_can_take_the_file_while_it_is_open(
    store: SqliteStore, tmp_path: Path, mode: str
) -> None:
    await store.add_webhook(webhook("a"))
    other = sqlite3.connect(tmp_path / FILE_NAME, timeout=0.1, isolation_level=None)
    other.execute(f"PRAGMA locking_mode = {mode}")
    with pytest.raises((sqlite3.OperationalError, AssertionError), match="locked"):
        other.execute("PRAGMA journal_mode = WAL").fetchone()
        other.execute("BEGIN EXCLUSIVE")
        raise AssertionError("not locked")
    other.close()
    assert await store.add_webhook(webhook("b"))


async def test_a_file_that_an_older_release_holds_is_not_opened(tmp_path: Path) -> None:
    await (await SqliteStore.open(tmp_path)).close()
    older = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    older.execute("PRAGMA locking_mode = EXCLUSIVE")
    older.execute("BEGIN IMMEDIATE")
    older.execute("COMMIT")
    with pytest.raises(InvalidInput, match="is in use by another process"):
        await SqliteStore.open(tmp_path)
    older.close()


async def test_reads_do_not_wait_for_writes(store: SqliteStore) -> None:
    await store.add_webhook(webhook("a"))
    gate = threading.Event()
    held = asyncio.ensure_future(store._database.write(lambda _: gate.wait(30)))
    waiting = [asyncio.ensure_future(store.add_webhook(webhook(f"w{n}"))) for n in range(100)]
    assert len(await store.claim_webhooks(10, 30, NOW)) == 1
    assert not any(write.done() for write in waiting)
    gate.set()
    await asyncio.gather(held, *waiting)
    assert len(await store.claim_webhooks(1000, 30, NOW)) == 100


async def test_a_slow_read_holds_up_neither_writes_nor_other_reads(store: SqliteStore) -> None:
    gate = threading.Event()
    slow = asyncio.ensure_future(store._database.read(lambda _: gate.wait(30)))
    assert await store.add_webhook(webhook("a"))
    assert len(await store.claim_webhooks(10, 30, NOW)) == 1
    gate.set()
    await slow


async def test_an_old_snapshot_keeps_no_write_waiting_and_the_log_is_cut_afterwards(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CHECKPOINT_BYTES", 100_000)
    store._database._checkpoint_at_bytes = 100_000
    gate, reading = threading.Event(), threading.Event()

    def read_slowly(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT count(*) FROM inbox").fetchone()
        reading.set()
        gate.wait(30)

    slow = asyncio.ensure_future(store._database.read(read_slowly))
    await asyncio.to_thread(reading.wait, 30)
    for n in range(20):
        assert await store.add_webhook(webhook(f"w{n}", b"x" * 20_000))
    gate.set()
    await slow
    for n in range(20, 40):
        assert await store.add_webhook(webhook(f"w{n}", b"x" * 20_000))
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size < 500_000


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("something else entirely, long enough to be read as a header" * 100)
    with pytest.raises(InvalidInput, match="is not a sound database"):
        await SqliteStore.open(tmp_path)


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match=r"NOCTUARY_DATA_DIR: .*/file/data cannot be written to"):
        await SqliteStore.open(tmp_path / "file" / "data")


MOUNTINFO = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:45 / /data rw - nfs4 server:/export rw,vers=4.2
31 30 254:1 / /data/local rw - xfs /dev/vdb rw
32 22 0:46 / /with\040space rw shared:9 master:1 - fuse.sshfs host: rw
33 22 254:2 / /twice rw - nfs old: rw
34 22 254:3 / /twice rw - ext4 /dev/vdc rw
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/data", "nfs4"),
        ("/data/x/y", "nfs4"),
        ("/database", "ext4"),
        ("/data/local/z", "xfs"),
        ("/with space/a", "fuse.sshfs"),
        ("/twice/a", "ext4"),
    ],
)
def test_a_path_lies_on_its_deepest_and_last_mount(path: str, kind: str) -> None:
    mount = mount_of(path, parse_mountinfo(MOUNTINFO))
    assert mount is not None
    assert mount.type == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs"])
def test_a_network_file_system_is_refused_by_name(kind: str) -> None:
    with pytest.raises(InvalidInput, match=rf"NOCTUARY_DATA_DIR: .* network file system {kind} .* local disk"):
        require_local(Path("/data"), [Mount("/", "ext4"), Mount("/data", kind)])


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs"])
def test_a_local_file_system_is_taken(kind: str) -> None:
    require_local(Path("/data"), [Mount("/", "nfs"), Mount("/data", kind)])
