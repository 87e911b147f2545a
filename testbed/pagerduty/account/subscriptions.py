"""Webhook subscriptions as a person makes them: where to, which scope, which events, and when one is switched off."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from testbed.pagerduty.account import ids
from testbed.pagerduty.webhooks.events import Event

DROPS_UNTIL_DISABLED = 3
"""So many dropped webhooks in a row switch a subscription off."""

DISABLED_FOR = timedelta(hours=24)

ACCOUNT_SCOPE = "account"
PING = "pagey.ping"


@dataclass
class Subscription:
    """One subscription; `scope` is "account", or the id of a service or a team."""

    id: str
    url: str
    scope: str
    events: frozenset[str]
    secret: str
    other_secret: str = field(default_factory=ids.signing_secret)
    drops_in_a_row: int = 0
    disabled_until: datetime | None = None

    def wants(self, event: Event) -> bool:
        """Say whether an event is in scope and asked for."""
        in_scope = self.scope in (ACCOUNT_SCOPE, event.service_id, *event.team_ids)
        return in_scope and event.event_type in self.events

    def is_disabled(self, now: datetime) -> bool:
        """Say whether deliveries are switched off."""
        return self.disabled_until is not None and now < self.disabled_until

    def enable(self) -> None:
        """Switch deliveries on again, as the button does."""
        self.disabled_until = None
        self.drops_in_a_row = 0

    def count_drop(self, now: datetime) -> bool:
        """Count a dropped webhook and say whether it switched the subscription off."""
        self.drops_in_a_row += 1
        if self.drops_in_a_row < DROPS_UNTIL_DISABLED:
            return False
        self.disabled_until = now + DISABLED_FOR
        self.drops_in_a_row = 0
        return True

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Return the subscription without its secret, as it is shown after creation."""
        return {
            "id": self.id,
            "url": self.url,
            "scope": self.scope,
            "events": sorted(self.events),
            "temporarily_disabled": self.is_disabled(now),
        }
