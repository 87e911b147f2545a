"""The Kubernetes Events that a reconcile causes: rotated, a problem appeared, a problem is gone. Pure."""

from dataclasses import dataclass

from noctuary_operator.plan.desired import Desired
from noctuary_operator.resources import reasons
from noctuary_operator.resources.status import Condition, IntegrationStatus

ONLY_ON_READY = frozenset(
    {
        reasons.INVALID_SPEC,
        reasons.SPEC_TOO_LARGE,
        reasons.TOO_MANY_INTEGRATIONS,
        reasons.CONSENT_MISSING,
        reasons.NAMESPACE_MISSING,
        reasons.PART_WITHOUT_EFFECT,
    }
)
"""Reasons that no part carries: for them Ready itself is reported."""
NEXT_STEP = reasons.SIGNING_SECRET_MISSING
"""What is missing of each integration that was just made: its subscription needs the URL that it has from us."""


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One Event to be posted."""

    type: str
    reason: str
    action: str
    note: str


def planned_events(before: IntegrationStatus, after: IntegrationStatus, desired: Desired | None) -> list[PlannedEvent]:
    """Return the Events between two statuses; a rotation or a takeover is told once the Secret holds what is new."""
    written = _own_problem(after.condition("TokenReady")) is None
    return [*(_rotations(desired) if written else []), *_transitions(before, after)]


def _rotations(desired: Desired | None) -> list[PlannedEvent]:
    if desired is None:
        return []
    found = []
    if desired.token is not None and desired.token.rotated_because is not None:
        note = f"The webhook URL changed: {desired.token.rotated_because}"
        found.append(PlannedEvent("Normal", reasons.TOKEN_ROTATED, "Rotate", note))
    if desired.token is not None and desired.token.is_adopted:
        note = "The webhook URL in the webhook Secret was kept; URLs that were rotated away before have ended"
        found.append(PlannedEvent("Normal", reasons.TOKEN_ADOPTED, "Adopt", note))
    if desired.ingest_key_rotated_because is not None:
        note = f"The ingest key changed: {desired.ingest_key_rotated_because}"
        found.append(PlannedEvent("Normal", reasons.INGEST_KEY_ROTATED, "Rotate", note))
    return found


def _transitions(before: IntegrationStatus, after: IntegrationStatus) -> list[PlannedEvent]:
    found = []
    types = sorted({condition.type for condition in (*before.conditions, *after.conditions)})
    for type_ in types:
        old, new = _own_problem(before.condition(type_)), _own_problem(after.condition(type_))
        if new is not None and (old is None or old.reason != new.reason):
            is_step = new.reason == NEXT_STEP and before.condition(type_) is None
            found.append(PlannedEvent("Normal" if is_step else "Warning", new.reason, "Check", new.message))
        elif old is not None and new is None:
            found.append(PlannedEvent("Normal", "Healed", "Check", f"{old.reason} is over"))
    if (ready := _became_ready(before, after)) is not None:
        found.append(PlannedEvent("Normal", reasons.READY, "Check", f"{ready.reason}: {ready.message}"))
    return found


def _became_ready(before: IntegrationStatus, after: IntegrationStatus) -> Condition | None:
    old, new = before.condition("Ready"), after.condition("Ready")
    return new if new is not None and new.status == "True" and (old is None or old.status != "True") else None


def _own_problem(condition: Condition | None) -> Condition | None:
    if condition is None or condition.status != "False":
        return None
    return None if condition.type == "Ready" and condition.reason not in ONLY_ON_READY else condition
