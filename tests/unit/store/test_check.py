"""`noctuary store check` on stores that are sound, damaged, of before an upgrade, and in use."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from noctuary.store.rows import NewWebhook
from noctuary.store.sqlite.store import FILE_NAME, SqliteStore
from noctuary_cli.main import main
from testbed.cluster_events import fault

NOW = 1_800_000_000.0
OLD = Path(__file__).parent / "fixtures" / "release-0.2.0.sqlite"


async def fill(directory: Path) -> SqliteStore:
    store = await SqliteStore.open(directory)
    await store.add_events([fault(NOW, workload=f"w{n}", namespace="shop") for n in range(5)])
    await store.add_webhook(NewWebhook("one", "w", "hash", NOW, b"{}"))
    return store


def check(directory: Path) -> int:
    return main(["store", "check", "--data-dir", str(directory)])


async def test_a_sound_store_is_ok_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await (await fill(tmp_path)).close()
    before = (tmp_path / FILE_NAME).read_bytes()
    assert check(tmp_path) == 0
    printed = capsys.readouterr().out
    assert ("events: 5 rows" in printed, "tenant shop: 5 events" in printed) == (True, True)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def changed_at(directory: Path) -> int:
    """Return when a file was last made or removed in a directory."""
    return directory.stat().st_mtime_ns


async def test_nothing_is_made_beside_a_store_even_for_a_moment(tmp_path: Path) -> None:
    await (await fill(tmp_path)).close()
    before = changed_at(tmp_path)
    assert check(tmp_path) == 0
    assert changed_at(tmp_path) == before


async def test_a_store_that_cannot_be_opened_is_not_called_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await (await fill(tmp_path)).close()
    (tmp_path / f"{FILE_NAME}-wal" / "x").mkdir(parents=True)  # a log that cannot be opened, whoever runs the test
    assert check(tmp_path) == 1
    told = capsys.readouterr()
    assert "cannot be opened" in told.err
    assert "restore" not in told.err + told.out


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE events SET event = '{' WHERE row_id = 1", "events: row 1 cannot be decoded"),
        ("UPDATE owners SET events = 7", "events and bytes of shop from kubernetes: counted 7/"),
        ("UPDATE tenants SET services = 9", "services of shop: counted 9, there are 5"),
        ("UPDATE holders SET waiting = 8", "of one: counted 8/2/0, there are 1/2/0"),
    ],
)
async def test_what_is_wrong_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str, told: str
) -> None:
    await (await fill(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.execute(damage)
    assert check(tmp_path) == 1
    assert told in capsys.readouterr().out


async def test_a_damaged_file_names_the_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await (await fill(tmp_path)).close()
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 4096 * 8)
    assert check(tmp_path) == 1
    assert "restore the volume from a backup" in capsys.readouterr().out


async def test_a_store_in_use_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = await fill(tmp_path)
    assert check(tmp_path) == 1
    assert "is in use by another process; run one receiver per directory" in capsys.readouterr().err
    await store.close()


def test_a_store_of_before_is_told_so_and_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(OLD, tmp_path / FILE_NAME)
    before = (tmp_path / FILE_NAME).read_bytes()
    assert check(tmp_path) == 0
    assert "the next start brings it to" in capsys.readouterr().out
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_directory_without_a_store_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path) == 1
    assert "does not exist" in capsys.readouterr().err
