"""The score: a transparent sum of a few terms, each with its reason; `probability/` weighs them."""

from noctuary.common.text import duration
from noctuary.models.diagnosis import Cause, Relation, Term

LIKELY_SCORE = 0.7
"""From here on a note says "Likely cause", below it "Possible cause": a probability, of older rows the score."""
PRIOR, TIME, DISTANCE_NAME, SYMPTOMS, ACTIVE, DOUBT = "prior", "time", "distance", "symptoms", "active", "doubt"
"""What the terms are called where their weights are kept."""
POSSIBLE_LIMIT = 0.69
"""The most for what is a symptom, is over, or goes on since long: it may be the cause, and is never likely."""
DOUBTFUL_LIMIT = 0.29
"""The most for what shows no trouble: Warnings about pods that are ready, a first rollout of ready pods. It is weak by
default, since `minimumConfidence` is 0.3."""
LATE_LIMIT = 0.45
"""The most for what a change after the onset brought about: it is told, below what came before the alert."""
LOW_CONFIDENCE = 0.5
"""Below it the reporting system itself doubts what it says: the reader is told, and it lends its word to nothing."""
TIME_WEIGHT = 0.25
FRESH_S = 600.0
"""Most causes page within ten minutes; older ones lose weight until the lookback's end."""
SYMPTOM_WEIGHT = 0.3
ACTIVE_WEIGHT = 0.15
ACTIVE_S = 300.0
"""A fault seen within the five minutes before the onset is still there."""
ROLLOUT_PRIOR = 0.2
RESTART_PRIOR = 0.1
"""A restart changes nothing by itself; it may make a change of configuration felt."""
RETURN_PRIOR = 0.1
"""A version that ran before is less likely to be wrong than one that did not."""
REPLACED_PRIOR = 0.05
"""A version that was replaced just before a late alert may have been why, or have been replaced for another reason."""
CHANGE_PRIOR = 0.15
DISTANCE = {Relation.OWN: 0.2, Relation.DEPENDENCY: 0.1, Relation.NEIGHBOUR: 0.0, Relation.NODE: 0.1}


def counts_as_likely(cause: Cause) -> bool:
    """Tell whether a cause is likely; one that an older version stored without a probability by its score."""
    return (cause.score if cause.probability is None else cause.probability) >= LIKELY_SCORE


def prior_term(why: str, value: float) -> Term:
    """How often something of this kind is the cause."""
    return Term(why, value, PRIOR)


def time_term(before_onset_s: float, lookback_s: float) -> Term:
    """Full weight up to ten minutes before the onset, then falling in a straight line to nothing."""
    late_s = max(0.0, before_onset_s - FRESH_S)
    share = max(0.0, 1 - late_s / max(1.0, lookback_s - FRESH_S))
    return Term(f"{duration(before_onset_s)} before the onset", TIME_WEIGHT * share, TIME)


def distance_term(relation: Relation, share: float = 1.0) -> Term:
    """The service itself weighs more than a dependency or a node; `share` is how much of it is touched."""
    return Term(
        {Relation.OWN: "the same service"}.get(relation, f"a {relation}"), DISTANCE[relation] * share, DISTANCE_NAME
    )


def symptom_term(*, agrees: bool) -> Term:
    """Faults that follow from it."""
    return Term("faults follow from it", SYMPTOM_WEIGHT if agrees else 0.0, SYMPTOMS)


def active_term(*, active: bool) -> Term:
    """Whether a fault was still seen shortly before the onset."""
    return Term("it was still there at the onset", ACTIVE_WEIGHT if active else 0.0, ACTIVE)


def doubted(terms: list[Term], confidence: float) -> list[Term]:
    """Return the terms, and what is taken off because the system that told it was not sure."""
    if confidence >= 1:
        return terms
    total = sum(term.value for term in terms)
    return [*terms, Term(f"reported with confidence {confidence:.2f}", -total * (1 - confidence), DOUBT)]
