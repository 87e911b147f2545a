"""Rules of the house that no linter knows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_pins_every_package_with_hashes(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", lock.read_text())
    unpinned = [block.split()[0] for block in blocks if block[0] not in "#\n" and "--hash=sha256:" not in block]
    assert unpinned == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text()


def test_the_operator_folder_can_not_shadow_the_standard_library() -> None:
    assert [path.name for path in (ROOT / "operator").glob("*.py")] == []


def test_no_role_of_the_chart_uses_a_wildcard_or_cluster_admin() -> None:
    text = "".join(path.read_text() for path in (ROOT / "charts/noctuary/files/rbac").glob("*.yaml"))
    assert "*" not in text
    assert "cluster-admin" not in text


def test_the_readme_names_both_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make run" in readme
    assert "make test" in readme


def test_the_readme_prints_a_real_note() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "```\nLikely cause (" in readme
    assert "noctuary ref nct:" in readme


MAX_FILES = 16
"""About fifteen: what one can look over. A room with more has sub-rooms."""
PACKAGES = ("noctuary", "operator", "webhook_receiver", "noctuary_cli", "hack", "testbed", "benchmarks", "tests")


def test_no_room_holds_more_files_than_one_can_look_over() -> None:
    rooms = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    files = {room: [path for path in room.glob("*.py") if path.name != "__init__.py"] for room in rooms}
    assert {str(room.relative_to(ROOT)): len(found) for room, found in files.items() if len(found) > MAX_FILES} == {}
