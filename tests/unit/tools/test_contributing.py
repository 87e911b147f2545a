"""What newcomers are told is so: paths exist, and the change that each page shows applies and passes its tests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.docs.snippets import ROOT, snippets

PAGES = ROOT / "docs" / "contributing"
COPIED = ("noctuary", "operator", "webhook_receiver", "testbed", "hack", "tests", "charts", "crds", "docs")
SHOWN = {
    "analyzer": ["tests/unit/analyzers", "tests/unit/notes/test_golden.py"],
    "watched-kind": ["tests/unit/sources/test_kinds.py"],
    "source": ["tests/unit/sources/test_alertmanager.py", "tests/unit/receiver/test_events.py"],
    "destination": ["tests/unit/incidents/test_note_log.py"],
    "crd-field": ["tests/unit/operating/test_integration_spec.py", "tests/unit/notes/test_note.py"],
}
"""By page: the tests that the change has to pass."""
RUN_TIMEOUT_S = 600.0
"""Of one command: a third of a minute is usual, a busy machine took over two; beyond it something hangs."""
FOLDERS = "|".join([*COPIED, "noctuary_cli", "benchmarks"])
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def diff_of(page: str) -> str:
    (text,) = [each.text for each in snippets(PAGES / f"{page}.md") if each.language == "diff"]
    return text + "\n"


def run(root: Path, *arguments: str, text: str = "") -> None:
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'operator'}"}
    done = subprocess.run(
        arguments,
        cwd=root,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(2 * RUN_TIMEOUT_S)
@pytest.mark.parametrize("page", SHOWN)
def test_the_change_that_a_page_shows_applies_and_passes_its_tests(page: str, copy: Path) -> None:
    run(copy, "git", "apply", "--whitespace=error", "-", text=diff_of(page))
    if page == "analyzer":
        run(copy, sys.executable, "-m", "testbed.golden_notes")
    run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SHOWN[page])


def test_every_page_shows_a_change_and_is_linked_from_the_map() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(SHOWN)
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert [page for page in SHOWN if f"docs/contributing/{page}.md" not in contributing] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_path_that_a_document_names_exists(document: str) -> None:
    named = PATH.findall((ROOT / document).read_text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_file_that_a_design_page_names_exists() -> None:
    named = {
        name
        for page in (ROOT / "docs" / "design").glob("*.md")
        for name in re.findall(r"`(?:[\w./-]*/)?([\w-]+\.py)`", page.read_text(encoding="utf-8"))
    }
    kept = {path.name for folder in [*COPIED, "noctuary_cli", "benchmarks"] for path in (ROOT / folder).rglob("*.py")}
    assert named - kept == set()
