"""Where a signal left its usual level: one step, or a slow rise; pure arithmetic over points."""

from collections.abc import Callable
from itertools import accumulate, pairwise
from statistics import median

import msgspec

from noctuary.sources.metrics.answers import Point

MIN_BEFORE = 4
"""Points that say what is usual: with fewer, nothing is."""
MIN_AFTER = 2
"""Points that say what it is since: a single one may be a blip of the scrape."""
SPIKES = 0.95
"""The part of the points that a usual deviation covers twice."""
HELD = 3
"""Points in a row that make a level: two spikes of a signal that has some now and then may follow each other."""
NOISE = 4.5
"""A step is larger than so many times the usual deviation."""
LEAST_SHARE = 0.02
"""Of the usual level that counts as noise however flat a signal is: rounding and sampling."""
GRADUAL_SHARE = 0.25
"""A rise that takes longer than this part of what was seen is no step."""
GRADUAL_S = 600.0
"""Nor is one that takes longer than this: a release is felt within minutes."""
PARTS = 6
"""Into which a signal is cut to see whether it goes one way."""
DRIFT_BEGINS = 0.1
"""The part of its whole way after which a slow rise is told to have begun."""
_MAD_TO_SIGMA = 1.4826


class Step(msgspec.Struct, frozen=True):
    """A signal was about `before` until `at`, and about `after` since; `until` is when it was back, None: it lasts.

    `is_gradual`: it did not jump but grew for `took_s`, from `at` on.
    """

    at: float
    before: float
    after: float
    until: float | None = None
    is_gradual: bool = False
    took_s: float = 0.0


def find_step(points: list[Point], *, least: float = 0.0, until: float | None = None) -> Step | None:
    """Return the step that parts a signal best; None where it stays at its level.

    `least`: a smaller difference is none. `until`: what comes later is not looked at.
    """
    seen = [point for point in points if until is None or point[0] <= until]
    if len(seen) < MIN_BEFORE + MIN_AFTER:
        return None
    return _find_jump(seen, least) or _find_drift(seen, least)


def _find_jump(seen: list[Point], least: float) -> Step | None:
    values = [value for _, value in seen]
    split = _best_split(values)
    before = median(values[:split])
    sigma = max(_deviation(values[:split], before), abs(before) * LEAST_SHARE)
    after = _level_after(values, split, before)
    if abs(after - before) <= max(NOISE * sigma, least) or not _is_held(values, split, before, after):
        return None
    return _dated(seen, split, before, after)


def _find_drift(seen: list[Point], least: float) -> Step | None:
    """Return the rise or fall of a signal that went one way all along: of its parts, each is further than the last."""
    if len(seen) < MIN_BEFORE * PARTS:
        return None
    values = [value for _, value in seen]
    size = len(values) // PARTS
    levels = [median(values[start : start + size]) for start in range(0, size * PARTS, size)]
    before, after = levels[0], median(values[-size:])
    is_up = after > before
    moves = sum((later > earlier) is is_up for earlier, later in pairwise(levels))
    jitter = _deviation([later - earlier for earlier, later in pairwise(values)], 0.0)
    if moves < PARTS - 2 or abs(after - before) <= max(NOISE * jitter, abs(before) * LEAST_SHARE, least):
        return None
    far = next(i for i, value in enumerate(values) if (value - before) / (after - before) >= DRIFT_BEGINS)
    return Step(seen[far][0], before, after, is_gradual=True, took_s=seen[-1][0] - seen[far][0])


def _best_split(values: list[float]) -> int:
    """Return the index that leaves the least squared distance to the means of both sides.

    The sum of all squares is the same for every split, so only the means are compared.
    """
    sums = list(accumulate(values))
    count, total = len(values), sums[-1]

    def gained(split: int) -> float:
        left = sums[split - 1]
        right = total - left
        return left * left / split + right * right / (count - split)

    return max(range(MIN_BEFORE, count - MIN_AFTER + 1), key=gained)


def _deviation(values: list[float], middle: float) -> float:
    """Return the usual deviation: of a signal with spikes now and then, about half of such a spike."""
    off = sorted(abs(value - middle) for value in values)
    return max(_MAD_TO_SIGMA * median(off), off[int(SPIKES * (len(off) - 1))] / 2)


def _level_after(values: list[float], split: int, before: float) -> float:
    """Return the level since; of a signal that came back, that of its far part. One point alone sets none."""
    since = values[split:]
    is_up = sum(since) / len(since) >= before
    extreme = sorted(since, reverse=is_up)[1]
    middle = (before + extreme) / 2
    past = [value for value in since if (value >= middle if is_up else value <= middle)]
    return median(past or [extreme])  # empty where all differ from before by a rounding


def _is_held(values: list[float], split: int, before: float, after: float) -> bool:
    """Tell whether enough points in a row are past the middle between both levels, or all of the last ones."""
    past = [(value - before) / (after - before) > 0.5 for value in values[split - 1 :]]
    rows = "".join("x" if each else " " for each in past).split()
    return any(len(row) >= HELD for row in rows) or all(past[-MIN_AFTER:])


def _dated(seen: list[Point], split: int, before: float, after: float) -> Step:
    """Date a step: from the first point that left the usual level for good to the one that reached the new one."""
    delta = after - before

    def share(value: float) -> float:
        return (value - before) / delta

    reached = next((i for i in range(split, len(seen)) if share(seen[i][1]) >= 0.8), split)
    began = reached
    while began > 0 and share(seen[began - 1][1]) >= 0.2:
        began -= 1
    back = _back_since(seen, reached, share)
    took_s = seen[reached][0] - seen[max(0, began - 1)][0]
    span_s = seen[-1][0] - seen[0][0]
    step_s = span_s / (len(seen) - 1)
    is_gradual = took_s - step_s > min(GRADUAL_S, GRADUAL_SHARE * span_s)
    until = seen[back][0] if back is not None else None
    return Step(seen[began][0], before, after, until, is_gradual, took_s)


def _back_since(seen: list[Point], reached: int, share: Callable[[float], float]) -> int | None:
    """Return from where on a signal is at its usual level again until its end; None where it is not."""
    back = len(seen)
    while back > reached + 1 and share(seen[back - 1][1]) < 0.2:
        back -= 1
    return back if back < len(seen) else None
