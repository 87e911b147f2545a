"""What a run found, written as it is found: a line of JSON and the notes of each workload; totals against the aims."""

from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from testbed.live.commands import Outcome
from testbed.live.grading import Claim, Verdict

RESULTS = "verdicts.jsonl"
MOST_WRONG = 3
LEAST_LIKELY_RIGHT = 0.9
_MEASURED = ("right", "half", "wrong", "rightly none")


class Result(msgspec.Struct, frozen=True):
    """One workload: the truth, what its note says, how that was judged, and what the commands did."""

    name: str
    namespace: str
    app: str
    entity: str
    cause: str
    aged: bool
    verdict: Verdict | None = None
    """None: the scenario itself could not be played."""
    first_verdict: Verdict | None = None
    """Of the note before its second look."""
    claim: Claim = Claim.NONE
    headline: str = ""
    outcome: Outcome = Outcome()
    error: str = ""

    @property
    def is_control(self) -> bool:
        """Whether nothing was to blame."""
        return not self.entity


class Totals(msgspec.Struct, frozen=True):
    """The figures of a run."""

    verdicts: dict[str, int]
    unmeasured: int
    likely: int
    likely_right: int
    controls: int
    controls_blamed: int
    pasted: int
    mended: int
    failed_commands: int
    harmed: int

    def misses(self) -> list[str]:
        """Name each aim that was not reached."""
        likely_share = self.likely_right / self.likely if self.likely else 1.0
        checks = (
            (self.harmed > 0, f"{self.harmed} workloads were harmed by a command, the aim is 0"),
            (self.controls_blamed > 0, f"{self.controls_blamed} controls were blamed, the aim is 0"),
            (
                self.verdicts["wrong"] > MOST_WRONG,
                f"{self.verdicts['wrong']} are wrong, the aim is {MOST_WRONG} at most",
            ),
            (likely_share < LEAST_LIKELY_RIGHT, f"Likely is right in {likely_share:.0%}, the aim is 90 %"),
            (self.unmeasured > 0, f"{self.unmeasured} could not be played"),
        )
        return [words for is_missed, words in checks if is_missed]


def totals(results: Sequence[Result]) -> Totals:
    """Add up a run."""
    likely = [each for each in results if each.claim is Claim.LIKELY and each.verdict is not None]
    controls = [each for each in results if each.is_control]
    every = [pasted for each in results for pasted in each.outcome.pasted]
    return Totals(
        verdicts={name: sum(each.verdict == name for each in results) for name in _MEASURED},
        unmeasured=sum(each.verdict is None for each in results),
        likely=len(likely),
        likely_right=sum(each.verdict is Verdict.RIGHT for each in likely),
        controls=len(controls),
        controls_blamed=sum(each.verdict is Verdict.WRONG for each in controls),
        pasted=len(every),
        mended=sum(bool(each.outcome.pasted) and _mended(each.outcome) for each in results),
        failed_commands=sum(pasted.exit_code != 0 for pasted in every),
        harmed=sum(bool(each.outcome.harm) for each in results),
    )


def _mended(outcome: Outcome) -> bool:
    return outcome.well_after and not outcome.well_before


class ResultDirectory:
    """The files of one labelled run."""

    def __init__(self, root: Path, label: str) -> None:
        self.path = root / label

    def forget(self, names: Collection[str]) -> None:
        """Remove what an earlier run of the label left of some workloads."""
        self.path.mkdir(parents=True, exist_ok=True)
        for name in names:
            for old in (self.path / f"{name}.txt", self.path / f"{name}.first.txt"):
                old.unlink(missing_ok=True)
        kept = [each for each in self.read() if each.name not in names]
        (self.path / RESULTS).write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in kept))

    def add(self, result: Result, first: str, note: str) -> None:
        """Write one workload's notes and verdict."""
        (self.path / f"{result.name}.txt").write_text(note + "\n", encoding="utf-8")
        (self.path / f"{result.name}.first.txt").write_text(first + "\n", encoding="utf-8")
        with (self.path / RESULTS).open("ab") as lines:
            lines.write(msgspec.json.encode(result) + b"\n")

    def read(self) -> list[Result]:
        """Read the verdicts of a run."""
        path = self.path / RESULTS
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [msgspec.json.decode(line, type=Result) for line in lines]

    def note(self, name: str) -> str:
        """Read the note of a workload; empty when there is none."""
        path = self.path / f"{name}.txt"
        return path.read_text(encoding="utf-8").strip() if path.exists() else ""
