"""The status of a PagerDutyIntegration as it is on the wire."""

import msgspec

ConditionState = tuple[str, str, str]
"""What a condition is to say: status, reason and message."""


class Condition(msgspec.Struct, rename="camel", frozen=True):
    """One condition; only a change of `status` moves `last_transition_time`."""

    type: str
    status: str
    reason: str
    message: str
    observed_generation: int = 0
    last_transition_time: str = ""


class TokenStatus(msgspec.Struct, rename="camel", omit_defaults=True, frozen=True):
    """What may be known of the webhook token without knowing it."""

    serial: int = 0
    observed_rotate_request: str | None = None
    rotated_at: str | None = None
    previous_expires_at: str | None = None


class IntegrationStatus(msgspec.Struct, rename="camel", omit_defaults=True, frozen=True):
    """The whole status; what does not apply is absent."""

    observed_generation: int = 0
    conditions: list[Condition] = []
    integration_id: str | None = msgspec.field(default=None, name="integrationID")
    webhook_secret_name: str | None = None
    token: TokenStatus | None = None
    last_webhook_time: str | None = None
    last_note_time: str | None = None
    last_failure_time: str | None = None
    last_failure_reason: str | None = None

    def condition(self, type_: str) -> Condition | None:
        """Return the condition of one type."""
        return next((condition for condition in self.conditions if condition.type == type_), None)
