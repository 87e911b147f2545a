"""The ledger: every event made, every attempt to deliver it, and what became of it."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from testbed.pagerduty.webhooks.events import Event


class Outcome(StrEnum):
    """What became of a webhook."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DROPPED = "dropped"


@dataclass
class Attempt:
    """One POST: the answer's status, or why there was none."""

    at: str
    seconds: float
    status: int | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Say whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Webhook:
    """One event on its way to one subscription; its id is the same on every attempt."""

    id: str
    subscription_id: str
    event_id: str
    event_type: str
    resource_id: str
    made_at: str
    outcome: Outcome = Outcome.PENDING
    reason: str | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def times_accepted(self) -> int:
        """How often the receiver answered 2xx."""
        return sum(attempt.accepted for attempt in self.attempts)


class Ledger:
    """Counts here are the truth about losses and duplicates, whatever a receiver believes."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.webhooks: list[Webhook] = []

    def event(self, event: Event) -> None:
        """Write down that something happened, heard or not."""
        self.events.append(event)

    def webhook(self, webhook_id: str, subscription_id: str, event: Event, now: datetime) -> Webhook:
        """Open the record of one webhook."""
        made_at = now.isoformat(timespec="milliseconds")
        webhook = Webhook(webhook_id, subscription_id, event.id, event.event_type, event.resource_id, made_at)
        self.webhooks.append(webhook)
        return webhook

    def of(self, resource_id: str) -> list[Webhook]:
        """Return the webhooks of one incident."""
        return [webhook for webhook in self.webhooks if webhook.resource_id == resource_id]

    def lost(self) -> list[Webhook]:
        """Return what was dropped for good."""
        return [webhook for webhook in self.webhooks if webhook.outcome is Outcome.DROPPED]

    def summary(self) -> dict[str, int]:
        """Return the counts; `duplicates` are webhooks that were answered 2xx more than once."""
        outcomes = [webhook.outcome for webhook in self.webhooks]
        attempts = [len(webhook.attempts) for webhook in self.webhooks]
        return {
            "events": len(self.events),
            "webhooks": len(self.webhooks),
            "attempts": sum(attempts),
            "retries": sum(count - 1 for count in attempts if count),
            "accepted": outcomes.count(Outcome.ACCEPTED),
            "pending": outcomes.count(Outcome.PENDING),
            "lost": outcomes.count(Outcome.DROPPED),
            "duplicates": sum(webhook.times_accepted > 1 for webhook in self.webhooks),
        }

    def as_json(self) -> list[dict[str, Any]]:
        """Return every webhook with its attempts."""
        return [asdict(webhook) for webhook in self.webhooks]
