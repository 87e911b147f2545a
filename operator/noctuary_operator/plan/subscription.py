"""SubscriptionReady: whether signed webhooks can be checked, and whether any came. Pure."""

from noctuary.models.integration_spec import IntegrationSpec, SecretKeyRef, Webhook
from noctuary.models.reports import WEBHOOK_URL
from noctuary.models.routing_record import RoutingRecord, Scope, hash_secret
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.unread import words_of_foreign, words_of_outside, words_of_wrong
from noctuary_operator.resources import reasons
from noctuary_operator.resources.status import ConditionState

PROVEN = (reasons.ACTIVE, reasons.OUTSIDE_SCOPE)
"""Reasons that SubscriptionReady has with a proven token only."""


def kept_state(observed: Observed, type_: str, reported: tuple[str, ...]) -> ConditionState | None:
    """Return the condition that was written before, where only the receiver knows its reason."""
    before = observed.integration.status.condition(type_)
    return (before.status, before.reason, before.message) if before is not None and before.reason in reported else None


def is_proven(observed: Observed, record: RoutingRecord) -> bool:
    """Whether the current token has carried a valid signature: once it has, it has for good."""
    current = next((token for token in record.tokens if token.expires_at is None), None)
    if current is None:
        return False
    if observed.report is not None and observed.report.proven_token_sha256 == current.sha256:
        return True
    before = observed.integration.status
    was = before.condition("SubscriptionReady")
    same = before.token is not None and before.token.serial == current.serial
    return same and was is not None and was.reason in PROVEN


def subscription_state(observed: Observed, spec: IntegrationSpec, *, proven: bool) -> ConditionState | None:
    """Return the condition, None where no webhooks are taken; `proven`: the current token has carried a signature."""
    if spec.webhook is None or not spec.takes_webhooks:
        return None
    if observed.signing_secret.value is None:
        message = (
            f"spec.webhook.subscription.signingSecretRef: {observed.signing_secret.missing}; "
            f"make a webhook subscription in PagerDuty with the url of Secret "
            f"{observed.integration.webhook_secret_name} and store its signing secret there"
        )
        is_unusable = observed.signing_secret.is_unusable
        return "False", reasons.SIGNING_SECRET_UNUSABLE if is_unusable else reasons.SIGNING_SECRET_MISSING, message
    wrong = _wrong_secret(observed, spec.webhook.subscription.signing_secret_ref, observed.signing_secret.value)
    if wrong is not None:
        return wrong
    if observed.report is None:
        kept = kept_state(observed, "SubscriptionReady", _kept_reasons(observed, spec.webhook, proven=proven))
        if kept is not None:
            return kept
    foreign = words_of_foreign(observed.report, WEBHOOK_URL)
    outside = observed.report.outside_scope if observed.report is not None else None
    if proven and outside is not None and outside.scope == scope_of(spec.webhook).words:
        return "True", reasons.OUTSIDE_SCOPE, words_of_outside(outside) + foreign
    if proven:
        return "True", reasons.ACTIVE, f"a signed webhook has come with the current token{foreign}"
    reason = reasons.FOREIGN_PAYLOADS if foreign else reasons.AWAITING_FIRST_WEBHOOK
    return "True", reason, f"no signed webhook has come with the current token yet{foreign}"


def scope_of(webhook: Webhook) -> Scope:
    """Return the scope as the receiver knows it."""
    return Scope(webhook.subscription.scope.type, webhook.subscription.scope.id)


def _kept_reasons(observed: Observed, webhook: Webhook, *, proven: bool) -> tuple[str, ...]:
    """Which reasons stay until the receiver has reported: what is outside a scope, as long as it is the same."""
    if not proven:
        return (reasons.FOREIGN_PAYLOADS,)
    is_same_scope = observed.record is not None and observed.record.scope == scope_of(webhook)
    return PROVEN if is_same_scope else (reasons.ACTIVE,)


def _wrong_secret(observed: Observed, ref: SecretKeyRef | None, value: str) -> ConditionState | None:
    """What the receiver reports of this very secret; until it has reported, the condition of before stays."""
    if observed.report is None:
        known = observed.record.signing_secrets if observed.record is not None else []
        is_same = any(each.value == value and each.expires_at is None for each in known)
        return kept_state(observed, "SubscriptionReady", (reasons.SIGNING_SECRET_WRONG,)) if is_same else None
    wrong = observed.report.wrong_secret
    if wrong is None or wrong.secret_sha256 != hash_secret(value):
        return None
    message = words_of_wrong(wrong, ref, value, observed.integration.webhook_secret_name)
    return "False", reasons.SIGNING_SECRET_WRONG, message
