"""SubscriptionReady: whether signed webhooks can be checked, and whether any came. Pure."""

from noctuary.models.integration_spec import IntegrationSpec, SecretKeyRef
from noctuary.models.reports import WEBHOOK_URL
from noctuary.models.routing_record import RoutingRecord, hash_secret
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.unread import words_of_foreign, words_of_wrong
from noctuary_operator.resources import reasons
from noctuary_operator.resources.status import ConditionState


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
    return same and was is not None and was.reason == reasons.ACTIVE


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
        kept = kept_state(observed, "SubscriptionReady", (reasons.ACTIVE if proven else reasons.FOREIGN_PAYLOADS,))
        if kept is not None:
            return kept
    foreign = words_of_foreign(observed.report, WEBHOOK_URL)
    if proven:
        return "True", reasons.ACTIVE, f"a signed webhook has come with the current token{foreign}"
    reason = reasons.FOREIGN_PAYLOADS if foreign else reasons.AWAITING_FIRST_WEBHOOK
    return "True", reason, f"no signed webhook has come with the current token yet{foreign}"


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
