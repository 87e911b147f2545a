"""What is kept of a call that PagerDuty refused: its numbers, and its words for people."""

from noctuary.common.errors import PagerDutyError
from noctuary.store.rows import IntegrationState

MAX_REASON_CHARS = 300
"""Enough for PagerDuty's message and our fix; the status of a resource is no log."""


def failure_state(integration_id: str, error: PagerDutyError, at: float) -> IntegrationState:
    """Return what to store of a failed call at a time in seconds since the epoch."""
    return IntegrationState(
        id=integration_id,
        last_failure_at=at,
        last_failure_reason=str(error)[:MAX_REASON_CHARS],
        last_failure_status=error.status,
        last_failure_code=error.code,
    )
