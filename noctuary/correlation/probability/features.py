"""The features: what speaks for or against a candidate, each a number and a sentence."""

import math
from collections.abc import Callable
from typing import NamedTuple

from noctuary.analyzers import registry
from noctuary.common.text import duration
from noctuary.correlation.lasting import WELL_S
from noctuary.correlation.probability.candidates import Candidate
from noctuary.correlation.probability.surroundings import (
    LEAST_AGE_S,
    Surroundings,
    age_s,
    as_young,
    came_after,
    is_neighbours,
    is_supported,
    left_s,
)
from noctuary.correlation.rollouts.against import ALERT_DELAY_S, RAN_WELL
from noctuary.correlation.rollouts.checks import OLD_PODS
from noctuary.correlation.rollouts.pods import NOT_READY, START_UP_S, are_ready, pods_of_rollout
from noctuary.correlation.scalings import is_by_autoscaler
from noctuary.correlation.score import ACTIVE, DISTANCE_NAME, DOUBT, PRIOR, SYMPTOMS, TIME
from noctuary.models.diagnosis import CauseKind, Relation

HOUR_S = 3600.0
PEAK_S = 60.0
"""What comes within a minute before the trouble is seldom there by chance."""
FOLLOWED = 0.6
"""Where faults follow from a change, its time tells no more than this against it."""
TEN = math.log(10)
_SPAN = math.log(HOUR_S / LEAST_AGE_S)
Value = Callable[[Surroundings, Candidate], float]
Says = Callable[[Surroundings, Candidate], str]


class Feature(NamedTuple):
    """One thing that speaks for or against a candidate: what its weight is kept under, how much of it, in words."""

    name: str
    value: Value
    says: Says


def _term(name: str) -> Value:
    def value(_: Surroundings, candidate: Candidate) -> float:
        return sum(term.value for term in candidate.cause.terms if term.name == name)

    return value


def _told(name: str) -> Says:
    def says(_: Surroundings, candidate: Candidate) -> str:
        return next((term.why for term in candidate.cause.terms if term.name == name), "")

    return says


def _always(sentence: str) -> Says:
    return lambda _around, _candidate: sentence


def _when(holds: Callable[[Surroundings, Candidate], bool]) -> Value:
    return lambda around, candidate: 1.0 if holds(around, candidate) else 0.0


def _recency(_: Surroundings, candidate: Candidate) -> float:
    """Of a change its closeness tells more: a fault is as good as another within ten minutes."""
    return 0.0 if candidate.cause.change else sum(t.value for t in candidate.cause.terms if t.name == TIME)


def _closeness(around: Surroundings, candidate: Candidate) -> float:
    """Between 1 at seconds before the trouble and 0 at an hour: by its logarithm, since causes are near by orders."""
    if candidate.cause.change is None:
        return 0.0
    least = FOLLOWED if is_supported(candidate.cause) else 0.0
    return max(least, math.log(HOUR_S / age_s(around, candidate.cause)) / _SPAN)


def _peak(around: Surroundings, candidate: Candidate) -> float:
    if candidate.cause.change is None:
        return 0.0
    return max(0.0, 1 - (age_s(around, candidate.cause) - LEAST_AGE_S) / (PEAK_S - LEAST_AGE_S))


def _age(around: Surroundings, candidate: Candidate) -> str:
    return f"{duration(age_s(around, candidate.cause))} before the trouble began"


def _rivals(around: Surroundings, candidate: Candidate) -> float:
    """The logarithm of how many changes are as young: where many are, one is near to any moment by chance."""
    is_bare = candidate.cause.change is not None and not is_supported(candidate.cause)
    return math.log(as_young(around, candidate.cause)) / TEN if is_bare else 0.0


def _fails_elsewhere(around: Surroundings, candidate: Candidate) -> bool:
    change = candidate.cause.change
    if change is None or is_supported(candidate.cause):
        return False
    return bool(around.failing - {change.service}) and change.relation is Relation.OWN


def _is_idle_scaling(_: Surroundings, candidate: Candidate) -> bool:
    change = candidate.cause.change
    return change is not None and is_by_autoscaler(change) and not is_supported(candidate.cause)


def _is_told_otherwise(around: Surroundings, candidate: Candidate) -> bool:
    change = candidate.cause.change
    return change is not None and change.service in around.explained and not is_supported(candidate.cause)


def _stuck(around: Surroundings, candidate: Candidate) -> float:
    """The share of a rollout's pods that were never ready though they had minutes for it."""
    change, observed = candidate.cause.change, around.observed
    if change is None or not candidate.cause.why.endswith(NOT_READY) or is_supported(candidate.cause):
        return 0.0
    latest = observed.context.onset - WELL_S
    pods = [pod for pod in pods_of_rollout(observed, change) if 0 < pod.created_at <= latest]
    never = [pod for pod in pods if not pod.is_ready and pod.ready_changed_at <= pod.created_at + START_UP_S]
    return len(never) / len(pods) if pods else 0.0


def _is_measured_well(around: Surroundings, candidate: Candidate) -> bool:
    change, observed = candidate.cause.change, around.observed
    if change is None or is_supported(candidate.cause) or change.subject not in observed.context.measured:
        return False
    return not any(registry.analyzer_of(fault).is_symptom for fault in observed.faults_at.get(change.subject, ()))


def _is_old(around: Surroundings, candidate: Candidate) -> bool:
    context = around.observed.context
    return candidate.cause.change is None and candidate.cause.at < context.onset - context.lookback_s


def _is_after(around: Surroundings, candidate: Candidate) -> bool:
    change = candidate.cause.change
    return change is not None and change.at > around.observed.context.onset and not is_supported(candidate.cause)


def _is_neighbours(_: Surroundings, candidate: Candidate) -> bool:
    return is_neighbours(candidate.cause)


FEATURES = [
    Feature("is_change", _when(lambda _, c: c.cause.change is not None), _always("it is a change")),
    Feature("is_fault", _when(lambda _, c: c.cause.kind is CauseKind.FAULT), _always("it is a fault")),
    Feature("is_node", _when(lambda _, c: c.cause.kind is CauseKind.NODE), _always("it is a node in trouble")),
    *(Feature(name, _term(name), _told(name)) for name in (PRIOR, DISTANCE_NAME, SYMPTOMS, ACTIVE, DOUBT)),
    Feature("particular", _term(""), _told("")),
    Feature("recency", _recency, _told(TIME)),
    Feature("closeness", _closeness, _age),
    Feature("peak", _peak, _always("it came within a minute before the trouble")),
    Feature("rivals", _rivals, lambda a, c: f"{as_young(a, c.cause)} changes are as young"),
    Feature(
        "left",
        lambda a, c: min(1.0, left_s(a, c.cause) / ALERT_DELAY_S),
        lambda a, c: f"it was taken back {duration(left_s(a, c.cause))} before the alert",
    ),
    Feature("pods_ready", _when(lambda _, c: are_ready(c.cause)), _always("its pods are ready")),
    Feature("not_ready", _when(lambda _, c: c.cause.why.endswith(NOT_READY)), _always("pods of it are not ready yet")),
    Feature("stuck", _stuck, _always("minutes after it pods of it were never ready")),
    Feature("old_pods_fail", _when(lambda _, c: c.cause.why == OLD_PODS), _always("pods of the version before fail")),
    Feature(
        "undone_since",
        _when(lambda a, c: c.cause.change is not None and c.cause.change.event_id in a.undone_since),
        _always("it was taken back after the alert"),
    ),
    Feature(
        "by_autoscaler",
        _when(_is_idle_scaling),
        _always("an autoscaler did it"),
    ),
    Feature("measured_well", _when(_is_measured_well), _always("its metrics were read, and stayed as they were")),
    Feature("came_after", _when(lambda a, c: came_after(a, c.cause)), _always("metrics show the trouble before it")),
    Feature("told_otherwise", _when(_is_told_otherwise), _always("something else tells what is wrong")),
    Feature("neighbour", _when(_is_neighbours), _always("the alert names another workload of the same service")),
    Feature("fails_elsewhere", _when(_fails_elsewhere), _always("another service fails, which it does not explain")),
    Feature("is_old", _when(_is_old), _always("it goes on since before the time that was looked at")),
    Feature("is_after", _when(_is_after), _always("it came as the alert began")),
    Feature("set_aside", _when(lambda _, c: c.aside is not None), lambda _, c: c.cause.why),
    Feature("ran_well", _when(lambda _, c: c.cause.why.startswith(RAN_WELL)), _always("a leak may need hours")),
]
"""In the order in which an explanation tells them."""
