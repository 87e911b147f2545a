"""Figures over many answers; intervals resample base scenarios, so that what derives from one stays together."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from testbed.evaluation.scoring.judge import Judged

BINS = 10
RESAMPLES = 1000
SEED = 20260303
LOWER, UPPER = 0.025, 0.975


class Figure(NamedTuple):
    """A share or an error between 0 and 1, over how many answers and base scenarios, with its 95 % interval."""

    value: float
    low: float
    high: float
    answers: int
    bases: int


Sums = list[float]
Summed = Callable[[Judged], Sums]
Value = Callable[[Sums], float]


def share(counts: Callable[[Judged], bool], among: Callable[[Judged], bool]) -> tuple[Summed, Value]:
    """Return how a share is summed up: those that count of those among which it is asked."""

    def summed(each: Judged) -> Sums:
        return [float(among(each)), float(among(each) and counts(each))]

    return summed, lambda sums: sums[1] / sums[0] if sums[0] else float("nan")


def brier() -> tuple[Summed, Value]:
    """Return how the mean squared error of the confidence is summed up."""
    return lambda each: [1.0, (each.sure - each.right) ** 2], lambda sums: sums[1] / sums[0]


def calibration_error() -> tuple[Summed, Value]:
    """Return how the expected calibration error is summed up: per tenth of confidence how sure and how often right."""

    def summed(each: Judged) -> Sums:
        sums = [0.0] * (3 * BINS)
        place = 3 * min(BINS - 1, int(each.sure * BINS))
        sums[place : place + 3] = [1.0, each.sure, float(each.right)]
        return sums

    def value(sums: Sums) -> float:
        total = sum(sums[::3])
        return sum(abs(sums[at + 1] - sums[at + 2]) for at in range(0, len(sums), 3)) / total

    return summed, value


def _has_cause(each: Judged) -> bool:
    return each.has_cause


FIGURES: dict[str, tuple[Summed, Value]] = {
    "AC@1": share(lambda each: each.first, _has_cause),
    "AC@3": share(lambda each: each.among_three, _has_cause),
    "kind": share(lambda each: each.kind_right, _has_cause),
    "named in note": share(lambda each: each.named, _has_cause),
    "right first line": share(lambda each: each.right, lambda _: True),
    "abstain recall": share(lambda each: each.abstained, lambda each: not each.has_cause),
    "false blame": share(lambda each: each.blames_change, lambda each: "no_change" in each.slices),
    "false blame with metrics": share(
        lambda each: each.blames_change, lambda each: {"no_change", "metrics"} <= set(each.slices)
    ),
    "Brier": brier(),
    "ECE": calibration_error(),
}


def figures_of(judged: Sequence[Judged]) -> dict[str, Figure]:
    """Return all figures that have at least one answer."""
    found = {name: _figure(judged, *how) for name, how in FIGURES.items()}
    return {name: figure for name, figure in found.items() if figure is not None}


def _figure(judged: Sequence[Judged], summed: Summed, value: Value) -> Figure | None:
    by_base: dict[str, Sums] = {}
    for each in judged:
        by_base[each.base] = _added([by_base.get(each.base), summed(each)])
    known = [sums for sums in by_base.values() if any(sums[::3] if len(sums) > 2 else sums[:1])]
    if not known:
        return None
    total = _added(known)
    low, high = interval(known, value)
    answers = int(sum(total[::3]) if len(total) > 2 else total[0])
    return Figure(value(total), low, high, answers, len(known))


def interval(by_base: Sequence[Sums], value: Value) -> tuple[float, float]:
    """Return the 95 % interval of a value under resampling of the bases."""
    chance = random.Random(SEED)
    found = sorted(value(_added(chance.choices(by_base, k=len(by_base)))) for _ in range(RESAMPLES))
    return found[int(LOWER * RESAMPLES)], found[int(UPPER * RESAMPLES) - 1]


def _added(sums: Iterable[Sums | None]) -> Sums:
    return [sum(column) for column in zip(*(each for each in sums if each is not None), strict=True)]


def by_slice(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    """Return the answers of each kind of cause, and of each slice that labels name."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        found[f"kind {each.kind}"].append(each)
        found[f"family {each.base.partition('/')[0]}"].append(each)
        for name in each.slices:
            found[f"slice {name}"].append(each)
    return dict(sorted(found.items()))
