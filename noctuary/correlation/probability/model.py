"""The model: log-odds of each candidate from its features, turned into probabilities that sum to 1."""

import math
from typing import NamedTuple

import msgspec

from noctuary.correlation.observations import Observations
from noctuary.correlation.probability.candidates import Candidate, answer_of
from noctuary.correlation.probability.features import FEATURES
from noctuary.correlation.probability.surroundings import Surroundings, surroundings_of
from noctuary.correlation.probability.unseen import LACKS
from noctuary.correlation.probability.weights import Limits, Weights, shipped_weights
from noctuary.correlation.score import DOUBTFUL_LIMIT, LATE_LIMIT
from noctuary.models.diagnosis import Cause, Term

LEAST_TERM = 0.005
"""A term of less log-odds is not told."""


LEAST_TOLD = 0.005
"""Nobody reads why something less probable is so."""
SAME_DIGITS = 6
"""Log-odds that differ less are the same, by whichever terms they came about."""
LIMITED = "it may be a symptom, or have another reason"


class Weighed(NamedTuple):
    """The candidates with their probabilities, the best first; the three sum to 1."""

    candidates: list[Candidate]
    none: float
    unseen: float


def weigh(observed: Observations, candidates: list[Candidate], weights: Weights | None = None) -> Weighed:
    """Return how probable each candidate is; what gives the same answer is put into the best of it."""
    weights = weights or shipped_weights()
    around = surroundings_of(observed, candidates)
    judged = [_judge(around, candidate, weights) for candidate in candidates]
    best = _one_of_each_answer(sorted(judged, key=_rank))
    parts = [math.exp(log_odds(each.cause)) for each in best]
    unseen = math.exp(sum(weights.unseen[lack.name] for lack in LACKS if lack.holds(observed.context)))
    total = 1.0 + unseen + sum(parts)
    told = [_with_probability(around, each, part / total) for each, part in zip(best, parts, strict=True)]
    return Weighed(told, 1.0 / total, unseen / total)


def log_odds(cause: Cause) -> float:
    """Return the log-odds of a cause that was judged against `none of these`."""
    return sum(term.value for term in cause.odds)


def values_of(around: Surroundings, candidate: Candidate) -> dict[str, float]:
    """Return the features of a candidate by their names, those that do not hold left out."""
    told = ((feature.name, feature.value(around, candidate)) for feature in FEATURES)
    return {name: value for name, value in told if value}


def limit_of(cause: Cause, limits: Limits) -> float:
    """Return the most that the log-odds of a cause can be."""
    if cause.limit >= 1.0:
        return math.inf
    if cause.limit <= DOUBTFUL_LIMIT:
        return limits.doubtful
    return limits.late if cause.limit <= LATE_LIMIT else limits.possible


def _judge(around: Surroundings, candidate: Candidate, weights: Weights) -> Candidate:
    odds = []
    for feature in FEATURES:
        value = feature.value(around, candidate) * weights.features[feature.name]
        if abs(value) >= LEAST_TERM:
            odds.append(Term("", round(value, 3), feature.name))
    over = sum(term.value for term in odds) - limit_of(candidate.cause, weights.limits)
    if over > 0:
        odds.append(Term(LIMITED, -over, "limit"))
    return msgspec.structs.replace(candidate, cause=msgspec.structs.replace(candidate.cause, odds=odds))


def _rank(candidate: Candidate) -> tuple[float, ...]:
    cause = candidate.cause
    return (-round(log_odds(cause), SAME_DIGITS), -cause.score, -cause.unlimited, -cause.at)


def _one_of_each_answer(ranked: list[Candidate]) -> list[Candidate]:
    found: dict[object, Candidate] = {}
    for candidate in ranked:
        answer = answer_of(candidate.cause)
        first = found.get(answer)
        if first is None:
            found[answer] = candidate
        else:
            more = [fault for fault in candidate.cause.faults if fault not in first.cause.faults]
            cause = msgspec.structs.replace(first.cause, faults=[*first.cause.faults, *more])
            found[answer] = msgspec.structs.replace(first, cause=cause)
    return list(found.values())


def _with_probability(around: Surroundings, candidate: Candidate, probability: float) -> Candidate:
    """Return a candidate with its probability; the terms of what is probable enough to be told are put in words."""
    odds = candidate.cause.odds
    if probability >= LEAST_TOLD:
        says = {feature.name: feature.says for feature in FEATURES}
        odds = [t if t.why else Term(says[t.name](around, candidate), t.value, t.name) for t in odds]
    cause = msgspec.structs.replace(candidate.cause, probability=round(probability, 4), odds=odds)
    return msgspec.structs.replace(candidate, cause=cause)
