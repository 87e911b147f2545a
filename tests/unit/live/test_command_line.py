"""The commands that read past runs: a label that never ran is an error, not a clean run."""

import signal
import sys

import pytest

from testbed.before_after.__main__ import main as compare_notes
from testbed.live.__main__ import main


@pytest.mark.parametrize("arguments", [["show", "never-ran"], ["compare", "never-ran", "nor-this"]])
def test_a_label_that_never_ran_is_named(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["live", *arguments])
    assert main() == 2
    assert 'no run of the label "never-ran"' in capsys.readouterr().err
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN  # as Python has it: a broken connection ends nobody


def test_a_base_that_is_no_commit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["before_after", "--base", "no-such-commit"])
    with pytest.raises(SystemExit, match="--base no-such-commit: git knows no such commit"):
        compare_notes()
