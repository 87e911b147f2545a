"""What the store keeps and returns of webhooks, incidents, workloads and integrations."""

import msgspec

from noctuary.models.incident import IncidentRow


class NewWebhook(msgspec.Struct, frozen=True):
    """A verified webhook as it came, before anybody parsed it; `tenant` is its integration's namespace, if known."""

    integration_id: str
    webhook_id: str
    token_sha256: str
    received_at: float
    body: bytes
    tenant: str = ""


IncidentKey = tuple[str, str]
"""Integration id and incident id."""


NoteKey = tuple[str, str]
"""Account and incident id: whoever writes it, an incident has one note."""


class InboxRow(msgspec.Struct, frozen=True):
    """A claimed webhook; `attempts` counts how often it was tried, this time included."""

    id: int
    integration_id: str
    webhook_id: str
    received_at: float
    body: bytes
    attempts: int


class Baseline(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The last pod template we saw of a workload, so that a change made while we were away is found."""

    uid: str
    kind: str
    namespace: str
    name: str
    template_hash: str
    state: bytes
    seen_at: float


class IntegrationState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What must survive a restart about one integration; times are seconds since the epoch.

    `compared_until` is the time of the last complete comparison with PagerDuty's incidents list. `last_failure_status`
    and `last_failure_code` are PagerDuty's own numbers (0: it gave none); they are written with every failure.
    `account` is the web host of what the credential that `account_key` names was shown; `displaced_by` wrote the note
    of incident `displaced_incident`, so that this integration did not. `signing_proof` names the signing secret
    that signed, and the one that was current then; `rejected_count` webhooks came since `rejected_since`, the last at
    `rejected_at`, that none signed while the current one was that of the digest `rejected_secret`. `scope_met` is the
    last scope, in words, of which a webhook came; `outside_count` came since `outside_since`, the last at `outside_at`
    and of `outside_of`, that were not of `outside_scope`.
    """

    id: str
    proven_token_sha256: str | None = None
    last_webhook_at: float | None = None
    last_note_at: float | None = None
    last_failure_at: float | None = None
    last_failure_reason: str | None = None
    last_failure_status: int | None = None
    last_failure_code: int | None = None
    compared_until: float | None = None
    account: str | None = None
    account_key: str | None = None
    displaced_by: str | None = None
    displaced_incident: str | None = None
    displaced_at: float | None = None
    signing_proof: str | None = None
    rejected_secret: str | None = None
    rejected_count: int | None = None
    rejected_since: float | None = None
    rejected_at: float | None = None
    scope_met: str | None = None
    outside_scope: str | None = None
    outside_count: int | None = None
    outside_since: float | None = None
    outside_at: float | None = None
    outside_of: str | None = None
    seq: int = 0


class KnownIncident(msgspec.Struct, frozen=True):
    """What a comparison must know of an incident: its row without evidence, and which integration has its note."""

    row: IncidentRow
    noted_by: str | None
