"""Gradient descent on the log-loss, with a pull to the weights that one begins with, and their signs kept."""

import math
from typing import NamedTuple

import msgspec

from noctuary.correlation.probability.weights import Weights
from testbed.fitting.examples import NONE, UNSEEN, Example

STEPS = 400
RATE = 0.3
PULL = 0.05
"""Of the squared distance to the first weights: what few examples show moves them little."""
Vector = dict[str, float]
UNSEEN_MARK = "unseen:"


class Chances(NamedTuple):
    """What the model says of an example: each candidate, none, unseen; and which candidates their limit bounds."""

    candidates: list[float]
    none: float
    unseen: float
    bounded: list[bool]


def chances(example: Example, weights: Weights) -> Chances:
    """Return the probabilities of an example, as the product computes them."""
    odds, bounded = [], []
    for values, limit in zip(example.values, example.limits, strict=True):
        total = sum(weights.features[name] * value for name, value in values.items())
        most = getattr(weights.limits, limit) if limit else math.inf
        odds.append(min(total, most))
        bounded.append(total > most)
    parts = [math.exp(each) for each in odds]
    unseen = math.exp(sum(weights.unseen[name] for name in example.lacks))
    whole = 1.0 + unseen + sum(parts)
    return Chances([part / whole for part in parts], 1.0 / whole, unseen / whole, bounded)


def chance_of_truth(example: Example, said: Chances) -> float:
    """Return how probable the model holds the truth."""
    known = {NONE: said.none, UNSEEN: said.unseen} | dict(enumerate(said.candidates))
    return sum(known[truth] for truth in example.truths)


def loss(examples: list[Example], weights: Weights) -> float:
    """Return the mean log-loss, each base incident counted once."""
    shares = _shares(examples)
    return sum(
        -share * math.log(max(1e-9, chance_of_truth(example, chances(example, weights))))
        for example, share in zip(examples, shares, strict=True)
    )


def fit(examples: list[Example], first: Weights) -> Weights:
    """Return the weights that explain the examples best, near those one begins with."""
    weights, shares = first, _shares(examples)
    for _ in range(STEPS):
        slope = _slope(examples, shares, weights)
        weights = msgspec.structs.replace(
            weights,
            features={n: _moved(w, first.features[n], slope.get(n, 0.0)) for n, w in weights.features.items()},
            unseen={n: _moved(w, first.unseen[n], slope.get(UNSEEN_MARK + n, 0.0)) for n, w in weights.unseen.items()},
        )
    return weights


def _moved(weight: float, first: float, slope: float) -> float:
    moved = weight - RATE * (slope + PULL * (weight - first))
    return max(0.0, moved) if first > 0 else min(0.0, moved)


def _shares(examples: list[Example]) -> list[float]:
    """Return how much each example counts: those that derive from one incident count as one."""
    bases = [example.base for example in examples]
    counts = {base: bases.count(base) for base in set(bases)}
    return [1.0 / counts[base] / len(counts) for base in bases]


def _slope(examples: list[Example], shares: list[float], weights: Weights) -> Vector:
    slope: Vector = {}
    for example, share in zip(examples, shares, strict=True):
        said = chances(example, weights)
        right = max(1e-9, chance_of_truth(example, said))
        for index, (chance, values) in enumerate(zip(said.candidates, example.values, strict=True)):
            wanted = chance / right if index in example.truths else 0.0
            for name, value in values.items() if not said.bounded[index] else ():
                slope[name] = slope.get(name, 0.0) + share * (chance - wanted) * value
        wanted = said.unseen / right if UNSEEN in example.truths else 0.0
        for name in example.lacks:
            slope[UNSEEN_MARK + name] = slope.get(UNSEEN_MARK + name, 0.0) + share * (said.unseen - wanted)
    return slope
