"""The conditions and the status that follow from what is observed, desired and done. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from noctuary.common.clock import format_time
from noctuary.models.integration_spec import IntegrationSpec
from noctuary.models.reports import EVENTS, WEBHOOK_URL, IntegrationReport
from noctuary.models.routing_record import RoutingRecord
from noctuary_operator.plan.desired import Desired
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.policy import Problem
from noctuary_operator.plan.quotas import words_of_quota
from noctuary_operator.plan.routes.kinds import ROUTE_KINDS
from noctuary_operator.plan.subscription import is_proven, kept_state, subscription_state
from noctuary_operator.plan.unread import words_of_foreign, words_of_left_out
from noctuary_operator.plan.without_effect import effect_problem
from noctuary_operator.resources import reasons
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.objects import RouteObject
from noctuary_operator.resources.status import Condition, ConditionState, IntegrationStatus, TokenStatus

MAX_MESSAGE = 4096
"""The bound of a condition's message in the CRD."""
_REFUSED = {
    "token": reasons.API_TOKEN_REFUSED,
    "from": reasons.FROM_REFUSED,
    "url": reasons.API_URL_WRONG,
}
"""Reasons of OutboundReady for what PagerDuty refuses."""
_REPORTED = (*_REFUSED.values(), reasons.NOTES_BY_ANOTHER)
"""Reasons of OutboundReady that only the receiver knows."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the API server refused while the objects were applied, and the route after that."""

    secret_problem: Problem | None = None
    route_problem: Problem | None = None
    route: RouteObject | None = None
    is_recorded: bool = True
    """Whether the routing record is as it should be: before that the token has no serial, and nothing else is tried."""

    @property
    def is_refused(self) -> bool:
        """Whether something could not be written that should be."""
        return self.secret_problem is not None or self.route_problem is not None


def status_of(
    observed: Observed, spec: IntegrationSpec, desired: Desired, outcome: Outcome, backend: Backend
) -> IntegrationStatus:
    """Return the whole status of an integration whose spec could be read."""
    before = observed.integration.status
    record = desired.record if outcome.secret_problem is None else desired.record_before
    proven = is_proven(observed, record)
    parts = {
        "TokenReady": _token(observed, spec, outcome),
        "RouteReady": _route(spec, desired, outcome, backend, proven=proven),
        "SubscriptionReady": subscription_state(observed, spec, proven=proven),
        "OutboundReady": _outbound(observed, spec, desired),
        "MetricsReady": _metrics(spec, desired),
    }
    present = {type_: state for type_, state in parts.items() if state is not None}
    states = {"Ready": _ready(observed, spec, present, [desired.consent_problem, effect_problem(spec)]), **present}
    report = observed.report or IntegrationReport(id=observed.id)
    return IntegrationStatus(
        observed_generation=observed.integration.generation,
        conditions=_conditions(states, observed.integration, observed.now),
        integration_id=observed.id,
        webhook_secret_name=observed.integration.webhook_secret_name,
        token=_token_status(record, desired, before.token) if outcome.is_recorded else before.token,
        last_webhook_time=_later(before.last_webhook_time, report.last_webhook_at),
        last_note_time=_later(before.last_note_time, report.last_note_at),
        last_failure_time=_later(before.last_failure_time, report.last_failure_at),
        last_failure_reason=_failure_reason(before, report.last_failure_reason),
    )


def held_status(integration: Integration, problem: Problem, now: float, type_: str = "Ready") -> IntegrationStatus:
    """Return the status of an integration that is left as it is: Ready, and the part the problem is of, say why."""
    state = ("False", problem.reason, f"{problem.message}; nothing was changed")
    said = _conditions(dict.fromkeys(("Ready", type_), state), integration, now)
    kept = [each for each in integration.status.conditions if each.type not in ("Ready", type_)]
    return msgspec.structs.replace(
        integration.status, observed_generation=integration.generation, conditions=[*said, *kept]
    )


def _conditions(states: dict[str, ConditionState], integration: Integration, now: float) -> list[Condition]:
    conditions = []
    for type_, (status, reason, message) in states.items():
        old = integration.status.condition(type_)
        moved_at = old.last_transition_time if old is not None and old.status == status else format_time(now)
        conditions.append(Condition(type_, status, reason, message[:MAX_MESSAGE], integration.generation, moved_at))
    return conditions


def _token(observed: Observed, spec: IntegrationSpec, outcome: Outcome) -> ConditionState | None:
    if outcome.secret_problem is not None:
        return "False", outcome.secret_problem.reason, outcome.secret_problem.message
    if not spec.takes_webhooks:
        return None
    name = observed.integration.webhook_secret_name
    return "True", reasons.TOKEN_ISSUED, f"the webhook URL is in Secret {name}"


def _route(
    spec: IntegrationSpec, desired: Desired, outcome: Outcome, backend: Backend, *, proven: bool
) -> ConditionState | None:
    problem = desired.route_problem or outcome.route_problem
    if problem is not None:
        return "False", problem.reason, problem.message
    if spec.webhook is None or spec.route_type == "None":
        return None
    state = ROUTE_KINDS[spec.route_type].state(spec.webhook, outcome.route, backend)
    if state[0] == "Unknown" and proven:
        return "True", reasons.SIGNED_REQUEST_SEEN, "a signed request came in through the route"
    return state


def _outbound(observed: Observed, spec: IntegrationSpec, desired: Desired) -> ConditionState | None:
    if not spec.writes_notes:
        return None
    problem = desired.api_problem or desired.from_problem
    if problem is not None:
        return "False", problem.reason, problem.message
    if observed.api_token.value is None:
        message = f"spec.apiTokenSecretRef: {observed.api_token.missing}; store the PagerDuty API token there"
        is_unusable = observed.api_token.is_unusable
        return "False", reasons.API_TOKEN_UNUSABLE if is_unusable else reasons.API_TOKEN_MISSING, message
    return (
        _refusal(observed) or _displaced(observed) or ("True", reasons.API_TOKEN_LOADED, f"notes go to {spec.api_host}")
    )


def _metrics(spec: IntegrationSpec, desired: Desired) -> ConditionState | None:
    prometheus = spec.enrichment.prometheus
    if prometheus is None:
        return None
    if desired.metrics_problem is not None:
        return "False", desired.metrics_problem.reason, desired.metrics_problem.message
    return "True", reasons.PROMETHEUS_CONFIGURED, f"metrics are read from {prometheus.host}"


def _refusal(observed: Observed) -> ConditionState | None:
    """What PagerDuty refuses, as the receiver met it; until the receiver has reported, the last condition stays."""
    if observed.report is None:
        return kept_state(observed, "OutboundReady", _REPORTED)
    refusal = observed.report.refusal
    if refusal is None:
        return None
    return "False", _REFUSED[refusal.of], refusal.message


def _displaced(observed: Observed) -> ConditionState | None:
    """Who writes the notes instead of this integration; what was written before stays as it is."""
    if observed.displacer is None:
        return None
    message = (
        f"notes are written by {observed.displacer}: of an account's integrations whoever has a note standing keeps "
        "it, else the narrower scope, then the older one writes; this one takes over what the other cannot write"
    )
    return "True", reasons.NOTES_BY_ANOTHER, message


def _ready(
    observed: Observed, spec: IntegrationSpec, parts: dict[str, ConditionState], others: list[Problem | None]
) -> ConditionState:
    """Sum up: the first part that is False decides, then what is no part's, then the first Unknown, then quotas."""
    problems = [state for state in parts.values() if state[0] == "False"]
    problems += [("False", each.reason, each.message) for each in others if each is not None]
    quota = _quota(observed)
    if problems:
        return _first_of(problems if quota is None else [*problems, quota])
    unknown = next((state for state in parts.values() if state[0] == "Unknown"), None)
    if unknown is not None:
        return unknown
    if spec.suspend and quota is None:
        return "True", reasons.SUSPENDED, "spec.suspend is true: webhooks are stored, nothing is posted"
    special = quota or _unread(observed)
    return special or parts.get("SubscriptionReady") or ("True", reasons.ACTIVE, "notes can be written")


def _first_of(problems: list[ConditionState]) -> ConditionState:
    """Return the first problem, with the count and the reasons of the others."""
    (status, reason, message), *others = problems
    if not others:
        return status, reason, message
    count = "1 other problem" if len(others) == 1 else f"{len(others)} other problems"
    more = f"; and {count}: {', '.join(other for _, other, _ in others)}"
    return status, reason, message[: MAX_MESSAGE - len(more)] + more


def _quota(observed: Observed) -> ConditionState | None:
    """The quota that the receiver reports; until it has reported, the last condition stays."""
    if observed.report is None:
        return kept_state(observed, "Ready", (reasons.QUOTA_REACHED,))
    quota = observed.report.quota
    return ("True", reasons.QUOTA_REACHED, words_of_quota(quota)) if quota is not None else None


def _unread(observed: Observed) -> ConditionState | None:
    """What came and could not be used; it takes nothing away from what works, so that nobody can turn Ready off."""
    if observed.report is None:
        return kept_state(observed, "Ready", (reasons.FOREIGN_PAYLOADS, reasons.ITEMS_LEFT_OUT))
    left_out = words_of_left_out(observed.report)
    foreign = words_of_foreign(observed.report, WEBHOOK_URL) + words_of_foreign(observed.report, EVENTS)
    if not left_out and not foreign:
        return None
    reason = reasons.ITEMS_LEFT_OUT if left_out else reasons.FOREIGN_PAYLOADS
    return "True", reason, f"what is set up works{left_out}{foreign}"


def _token_status(record: RoutingRecord, desired: Desired, before: TokenStatus | None) -> TokenStatus | None:
    """Return what is said of the token that people can read: one whose Secret is refused does not count yet."""
    if desired.token is None:
        return None
    current, *others = record.tokens
    last_end = max((token.expires_at for token in others if token.expires_at is not None), default=None)
    is_begun = current.serial != desired.token.hashes[0].serial
    acted_on = before if before is not None and is_begun else record
    return TokenStatus(
        serial=current.serial,
        observed_rotate_request=acted_on.observed_rotate_request,
        rotated_at=format_time(record.rotated_at) if record.rotated_at is not None else None,
        previous_expires_at=format_time(last_end) if last_end is not None else None,
    )


def _later(before: str | None, reported: float | None) -> str | None:
    times: Iterable[str | None] = (before, format_time(reported) if reported is not None else None)
    return max((time for time in times if time is not None), default=None)


def _failure_reason(before: IntegrationStatus, reported: str | None) -> str | None:
    return reported[:1024] if reported is not None else before.last_failure_reason
