"""The figures by commit, kept in the repository also when they fall, and the comparison with the last ones."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from testbed.evaluation.scoring.figures import Figure, interval
from testbed.evaluation.scoring.judge import Judged

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
HISTORY = ROOT / "docs" / "evaluation" / "history.jsonl"
MAX_LOSS = 0.02
"""A change may lose this share of right first lines; more is refused where chance does not explain it."""


class Loss(NamedTuple):
    """How many more first lines were right before, as a share of the same bundles, with its 95 % interval."""

    value: float
    low: float
    high: float
    bases: int

    @property
    def is_refused(self) -> bool:
        """Whether it is larger than what is let pass, and no chance."""
        return self.value > MAX_LOSS and self.low > 0


def right_by_base(judged: Iterable[Judged]) -> dict[str, list[int]]:
    """Return how many answers of each base scenario had a right first line, and how many there were."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in judged:
        found[each.base][0] += each.right
        found[each.base][1] += 1
    return dict(found)


def loss(before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]) -> Loss | None:
    """Compare the base scenarios that both know; None where there is none."""
    pairs = [
        [float(before[base][0] * after[base][1] / before[base][1] - after[base][0]), float(after[base][1])]
        for base in sorted(before.keys() & after.keys())
    ]
    if not pairs:
        return None
    low, high = interval(pairs, _share)
    return Loss(_share([sum(column) for column in zip(*pairs, strict=True)]), low, high, len(pairs))


def _share(sums: list[float]) -> float:
    return sums[0] / sums[1]


def read_history(path: Path = HISTORY) -> list[Json]:
    """Return all lines, the oldest first."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def entry(figures: dict[str, dict[str, Figure]], judged: list[Judged]) -> Json:
    """Return the line of this commit: the figures of each part, and what a later commit is compared with."""
    told = {
        part: {name: [round(number, 4) for number in figure[:3]] + list(figure[3:]) for name, figure in each.items()}
        for part, each in figures.items()
    }
    return {"commit": _commit(), "figures": told, "right": right_by_base(judged)}


def append(line: Json, path: Path = HISTORY) -> None:
    """Write a line behind the others; one of the same commit is replaced."""
    lines = [each for each in read_history(path) if each["commit"] != line["commit"]]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in [*lines, line]))


def _commit() -> str:
    """Return the commit that is measured: the one that is checked out, which a change is built on."""
    told = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()
