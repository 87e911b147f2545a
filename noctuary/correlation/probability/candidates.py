"""The candidates: what the checks found, and the changes that they set aside for a reason that leaves a doubt."""

from collections.abc import Iterable

import msgspec

from noctuary.correlation.change_checks import AUTOSCALED, ENDED_ROLLOUT, ONLY_ADDED, TAKEN_BACK, TOOK_BACK
from noctuary.correlation.rollouts.against import RAN_WELL, REPLACED, STOPPED, WENT_BACK
from noctuary.correlation.score import CHANGE_PRIOR, ROLLOUT_PRIOR, distance_term, prior_term
from noctuary.models.diagnosis import Cause, CauseKind, SetAside

_DOUBTED = (RAN_WELL, REPLACED, STOPPED, WENT_BACK, AUTOSCALED, ONLY_ADDED, ENDED_ROLLOUT, TAKEN_BACK, TOOK_BACK)
"""Reasons that make a change unlikely; all others rule it out."""


class Candidate(msgspec.Struct, frozen=True):
    """A possible answer; `aside` is the change as it was set aside, where it was."""

    cause: Cause
    aside: SetAside | None = None


def candidates_of(findings: Iterable[Cause | SetAside]) -> list[Candidate]:
    """Return all that may be the cause, in the order in which it was found."""
    return [candidate for finding in findings if (candidate := _candidate(finding)) is not None]


def _candidate(finding: Cause | SetAside) -> Candidate | None:
    if isinstance(finding, Cause):
        return Candidate(finding)
    if not finding.why.startswith(_DOUBTED):
        return None
    change = finding.change
    kind, prior = (CauseKind.ROLLOUT, ROLLOUT_PRIOR) if change.is_rollout else (CauseKind.CHANGE, CHANGE_PRIOR)
    terms = [prior_term("changes cause most incidents", prior), distance_term(change.relation)]
    return Candidate(Cause(kind, finding.why, terms, change), finding)


def answer_of(cause: Cause) -> object:
    """Return what stands for the same answer: what fails of one workload is one trouble, in whatever ways it shows."""
    if cause.kind is CauseKind.FAULT:
        lead = cause.faults[0]
        return (lead.subject, lead.entity) if lead.is_posted else lead.subject
    return id(cause)
