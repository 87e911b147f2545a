"""What the receiver reports to the operator over the internal port: `GET /internal/v1/integrations?cursor=N`."""

from typing import Literal

import msgspec

INTERNAL_PATH = "/internal/v1/integrations"


class Refusal(msgspec.Struct, frozen=True):
    """What PagerDuty refuses and only a person can fix, in words."""

    of: Literal["token", "from", "url"]
    message: str


class Displaced(msgspec.Struct, frozen=True):
    """Another integration writes the notes of incidents that this one confirmed, too; `at`: the last one was then.

    Without an incident: it would write those to come, being the older one of the same account and scope.
    """

    by: str
    incident_id: str = ""
    at: float = 0.0


class QuotaReport(msgspec.Struct, frozen=True):
    """The quota of the store that the integration, or its namespace, met within the last quarter of an hour."""

    of: Literal[
        "events",
        "bytes",
        "services",
        "subject_bytes",
        "webhook_bytes",
        "incident_bytes",
        "waiting_webhooks",
        "waiting_webhook_bytes",
        "incidents",
        "store_bytes",
    ]
    limit: int


WEBHOOK_URL = "webhook_url"
EVENTS = "events"
ANSWERS = "answers"
"""Where something came that could not be used: PagerDuty's answers are what was asked for."""
UNREADABLE = "unreadable"
LEFT_OUT = "left_out"
"""Kinds of PagerDuty's own: a signed webhook, and an item of a list; other kinds are those of other systems."""


class UnreadReport(msgspec.Struct, frozen=True):
    """What came and could not be used: where (webhook_url, events, answers), of which kind, how often since when."""

    where: str
    kind: str
    count: int
    since: float
    last_at: float


class WrongSecret(msgspec.Struct, frozen=True):
    """Webhooks came, and none of them was signed by the secret of this digest or by one that counts beside it."""

    secret_sha256: str
    count: int
    since: float
    last_at: float


class OutsideScope(msgspec.Struct, frozen=True):
    """Signed webhooks came of incidents outside a scope, in words, and none within; `last_of`: of whom the last was."""

    scope: str
    count: int
    since: float
    last_at: float
    last_of: str


class IntegrationReport(msgspec.Struct, omit_defaults=True):
    """What one receiver knows of one integration; times are seconds since the epoch.

    `proven_token_sha256` is the newest token that has carried a valid signature; `refusal` is absent again as soon as
    PagerDuty accepted what it refused, or may accept it; `displaced` when no incident was for a day, or when the other
    integration is gone; `unread` when nothing of it came for a day, or the receiver was restarted; `wrong_secret` when
    a signed webhook came, or the secret changed; `outside_scope` when a webhook within the scope came, or the scope
    changed.
    """

    id: str
    proven_token_sha256: str | None = None
    last_webhook_at: float | None = None
    last_note_at: float | None = None
    last_failure_at: float | None = None
    last_failure_reason: str | None = None
    refusal: Refusal | None = None
    displaced: Displaced | None = None
    quota: QuotaReport | None = None
    unread: list[UnreadReport] = []
    wrong_secret: WrongSecret | None = None
    outside_scope: OutsideScope | None = None


class ReportPage(msgspec.Struct):
    """Integrations that changed since the cursor; a new `boot` means the receiver restarted: ask again from 0."""

    boot: str
    cursor: int
    items: list[IntegrationReport]
