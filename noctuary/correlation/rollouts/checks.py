"""Rollouts: to blame when their own pods fail, possible while only their behaviour can be wrong."""

from collections.abc import Iterator

import msgspec

from noctuary.correlation.deploys.canaries import stands_beside
from noctuary.correlation.effects.workloads import has_previous, is_mild, is_restart, same_workload
from noctuary.correlation.explain import Explanation
from noctuary.correlation.lasting import is_serving
from noctuary.correlation.observations import Observations
from noctuary.correlation.rollouts.against import REASONS_AGAINST
from noctuary.correlation.rollouts.pods import NOT_KNOWN, how_its_pods_fare, never_started
from noctuary.correlation.rollouts.row import later_rollouts, row_of
from noctuary.correlation.scalings import taken_away_at
from noctuary.correlation.score import (
    DOUBTFUL_LIMIT,
    POSSIBLE_LIMIT,
    REPLACED_PRIOR,
    RESTART_PRIOR,
    RETURN_PRIOR,
    ROLLOUT_PRIOR,
    distance_term,
    doubted,
    prior_term,
    symptom_term,
    time_term,
)
from noctuary.correlation.versions import got_well, old_pods_fail
from noctuary.models import details
from noctuary.models.diagnosis import Cause, CauseKind, Change, Fault, SetAside, Term

OLD_PODS = "pods of the version before it fail since"
ALERT_UNDER_WAY_S = 60.0
"""From the last bad sample to the page: scrapes, the rule's next evaluation and `group_wait` take up to a minute."""


def bad_rollout(observed: Observations, explanation: Explanation) -> Iterator[Cause | SetAside]:
    """A rollout before the onset is a cause unless something speaks against it; healthy pods do not."""
    for index, change in enumerate(observed.changes):
        if change.is_rollout:
            yield _judge(observed, explanation, change, explanation.by_change.get(index, []))


def _judge(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> Cause | SetAside:
    going_on = [fault for fault in symptoms if not got_well(observed, change, fault)]
    reasons = (reason(observed, explanation, change, going_on) for reason in REASONS_AGAINST)
    against = next(filter(None, reasons), "")
    if against:
        return SetAside(change, against)
    why = how_its_pods_fare(observed, change)
    if why == NOT_KNOWN and old_pods_fail(observed, explanation, change):
        why = OLD_PODS
    if going_on:
        is_own = any(same_workload(change, fault) for fault in going_on)
        why = "its own pods fail since" if is_own else "what calls it failed as it started"
    limit = _limit(observed, explanation, change, going_on)
    terms = _terms(observed, explanation, change, going_on)
    told = sorted(symptoms, key=lambda fault: (not same_workload(change, fault), fault.is_over))
    return Cause(CauseKind.ROLLOUT, why, terms, _marked(observed, explanation, change), told, limit)


def _limit(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> float:
    if not symptoms and not has_previous(change) and not stands_beside(observed, change):
        return DOUBTFUL_LIMIT
    is_late = change.at > observed.context.onset
    is_guess = bool(symptoms) and all(
        is_mild(fault) or (change.is_posted and not fault.is_posted) for fault in symptoms
    )
    is_doubtful = is_late or is_guess or change.event_id in explanation.contested
    return POSSIBLE_LIMIT if is_doubtful or _was_mended(observed, explanation, change, symptoms) else 1.0


def _was_mended(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> bool:
    """Tell whether a rollout was left, and all of its service ready again, before the alert was under way."""
    before = observed.context.onset - ALERT_UNDER_WAY_S
    row = row_of(observed, explanation, change)
    is_left = any(other not in row for _, other in later_rollouts(observed, change)) or taken_away_at(observed, change)
    pods = [pod for pod in observed.staying.get(change.service, ()) if is_serving(pod)]
    are_well = bool(pods) and all(pod.is_ready and 0 < pod.ready_changed_at < before for pod in pods)
    return bool(is_left) and are_well and all(fault.is_over and fault.last < before for fault in symptoms)


def _marked(observed: Observations, explanation: Explanation, change: Change) -> Change:
    marks = {details.RETURN: "1"} if change.event_id in observed.returns else {}
    row = " ".join(other.details.get(details.TEMPLATE_HASH, "") for other in row_of(observed, explanation, change))
    marks |= {details.ROW: row} if row.strip() else {}
    return msgspec.structs.replace(change, details=change.details | marks) if marks else change


def _terms(observed: Observations, explanation: Explanation, change: Change, symptoms: list[Fault]) -> list[Term]:
    terms = [
        prior_term(*_prior(observed, explanation, change)),
        time_term(max(0.0, observed.context.onset - change.at), observed.context.lookback_s),
        distance_term(change.relation),
        symptom_term(agrees=bool(symptoms) or never_started(observed, change)),
    ]
    return doubted(terms, change.confidence)


def _prior(observed: Observations, explanation: Explanation, change: Change) -> tuple[str, float]:
    if is_restart(change):
        return "a restart changes nothing by itself", RESTART_PRIOR
    row = row_of(observed, explanation, change)
    later = next((each for each in later_rollouts(observed, change) if each[1] not in row), None)
    if taken_away_at(observed, change) is not None:
        return "it was scaled to 0 before the alert", REPLACED_PRIOR
    if later is not None and observed.returns.get(later[1].event_id) is not change:
        return "it was replaced before the alert", REPLACED_PRIOR
    if change.event_id in observed.returns:
        return "it went back to a version that ran before", RETURN_PRIOR
    return "changes cause most incidents", ROLLOUT_PRIOR
