"""Labelled incidents as the model sees them: the features of each candidate, and which of the answers is true."""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from noctuary.correlation.correlate import candidates_in
from noctuary.correlation.observations import Observations
from noctuary.correlation.probability.model import limit_of, values_of, weigh
from noctuary.correlation.probability.surroundings import surroundings_of
from noctuary.correlation.probability.unseen import LACKS
from noctuary.correlation.probability.weights import Limits
from noctuary.models.diagnosis import Cause

NONE, UNSEEN = -1, -2
"""The truth where no candidate is it: nothing in the cluster is, or what is was not seen."""
FIT, CHECK = "fit", "check"
Grade = Callable[[Cause], int]
"""How right a cause is; 0: not at all."""


class Example(NamedTuple):
    """One incident: for each answer its features and which limit it has, what was not read, and the true answer."""

    base: str
    values: list[dict[str, float]]
    limits: list[str]
    lacks: list[str]
    truths: frozenset[int]
    """The answers that are right: `NONE`, `UNSEEN`, or candidates by their index."""


def part_of(base: str) -> str:
    """Return the part that an incident is in, with all that derives from it: the check part fits nothing."""
    return CHECK if hashlib.sha256(base.encode()).digest()[0] % 2 else FIT


def example_of(base: str, observed: Observations, grade: Grade | None) -> Example:
    """Return an example of what was observed; the best graded are true. `grade` None: nothing here is to blame."""
    candidates = candidates_in(observed)
    around = surroundings_of(observed, candidates)
    kept = weigh(observed, candidates).candidates
    names = {value: name for name, value in zip(Limits.__struct_fields__, _MARKS, strict=True)}
    grades = [grade(each.cause) if grade is not None else 0 for each in kept]
    right = {index for index, each in enumerate(grades) if each and each == max(grades)}
    return Example(
        base,
        [values_of(around, each) for each in kept],
        [names.get(limit_of(each.cause, Limits(*_MARKS)), "") for each in kept],
        [lack.name for lack in LACKS if lack.holds(observed.context)],
        frozenset(right or {UNSEEN if grade is not None else NONE}),
    )


_MARKS = (1.0, 2.0, 3.0)
"""What stands for the three limits, to tell which of them a candidate has."""


def parts(examples: Iterable[Example]) -> dict[str, list[Example]]:
    """Return the examples of the fit part and of the check part."""
    found: dict[str, list[Example]] = {FIT: [], CHECK: []}
    for example in examples:
        found[part_of(example.base)].append(example)
    return found
