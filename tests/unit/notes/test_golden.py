"""The notes of all cases, byte by byte; `python -m testbed.golden_notes` writes them anew for a reviewer to read."""

import pytest

from noctuary.analyzers.registry import ANALYZERS
from testbed.golden_notes import DIRECTORY, golden_text

KINDS = [analyzer.kind for analyzer in ANALYZERS]


@pytest.mark.parametrize("kind", KINDS)
def test_notes_are_as_they_were_reviewed(kind: str) -> None:
    assert golden_text(kind) == (DIRECTORY / f"{kind}.txt").read_text(encoding="utf-8")


def test_no_reviewed_file_is_left_over() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.txt")} == set(KINDS)
