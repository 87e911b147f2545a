"""A run's figures, held against the aims, and two runs side by side."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from testbed.live.commands import Outcome, Pasted
from testbed.live.grading import Claim, Verdict
from testbed.live.report import comparison, table
from testbed.live.results import Result, ResultDirectory, totals


def result(name: str = "crash", **changes: Any) -> Result:
    base = Result(name, "team-01", "web-01", "deployment/web-01", "crashes", aged=False)
    return msgspec.structs.replace(base, **{"verdict": Verdict.RIGHT, "claim": Claim.LIKELY, **changes})


CONTROL: dict[str, Any] = {"entity": "", "verdict": Verdict.NONE, "claim": Claim.NONE}
WRONG: dict[str, Any] = {"verdict": Verdict.WRONG, "claim": Claim.POSSIBLE}


@pytest.mark.parametrize(
    ("results", "missed"),
    [
        ([result(), result(**CONTROL)], []),
        ([result(), result(outcome=Outcome(harm="web-01 is down"))], ["harmed"]),
        ([result(), result(entity="", **WRONG)], ["controls were blamed"]),
        ([result(**WRONG)] * 3, []),
        ([result(**WRONG)] * 4, ["4 are wrong"]),
        ([result()] * 9 + [result(verdict=Verdict.HALF)], []),
        ([result()] * 8 + [result(verdict=Verdict.HALF)], ["Likely is right in 89%"]),
        ([result(), result(verdict=None, claim=Claim.NONE, error="no node")], ["could not be played"]),
    ],
)
def test_each_aim_that_is_not_reached_is_named(results: list[Result], missed: list[str]) -> None:
    misses = totals(results).misses()
    assert len(misses) == len(missed)
    assert all(words in miss for words, miss in zip(missed, misses, strict=True))


def test_a_workload_counts_as_mended_only_when_a_command_made_it_well() -> None:
    ran = [Pasted("kubectl get pods", 0, "")]
    outcomes = [
        Outcome(ran, well_before=False, well_after=True),
        Outcome(ran, well_before=True, well_after=True),
        Outcome([], well_before=False, well_after=True),
    ]
    assert totals([result(outcome=outcome) for outcome in outcomes]).mended == 1


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = ResultDirectory(tmp_path, "before")
    run.forget({"crash"})
    run.add(result(), "first", "second")
    assert run.read() == [result()]
    assert run.note("crash") == "second"


def test_measuring_some_workloads_anew_keeps_the_others(tmp_path: Path) -> None:
    run = ResultDirectory(tmp_path, "now")
    run.forget(set())
    run.add(result("old"), "", "")
    run.add(result("again", **WRONG), "", "")
    run.forget({"again"})
    run.add(result("again"), "", "")
    assert run.read() == [result("old"), result("again")]


def test_a_comparison_shows_old_and_new_note_of_each_workload(tmp_path: Path) -> None:
    old, new = ResultDirectory(tmp_path, "before"), ResultDirectory(tmp_path, "after")
    for run, verdict, note in ((old, Verdict.WRONG, "the old note"), (new, Verdict.RIGHT, "the new note")):
        run.forget(set())
        run.add(result(verdict=verdict), "", note)
    said = comparison(old, new, [])
    order = ["truth: deployment/web-01: crashes", "before: wrong", "the old note", "after: right", "the new note"]
    assert [said.index(words) for words in order] == sorted(said.index(words) for words in order)


def test_the_table_shows_what_is_wrong_first_and_why_a_command_failed() -> None:
    failed = Outcome([Pasted("kubectl logs --previous x", 1, "not found")])
    lines = table([result("fine"), result("bad", outcome=failed, **WRONG)]).splitlines()
    assert lines[0].startswith("wrong") and "bad" in lines[0]
    assert "exit 1 bad: kubectl logs --previous x" in lines
