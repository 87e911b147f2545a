"""The store as the domain sees it: rows, changes that commit together, and one interface for every engine."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.limits import Added, QuotaMet


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
    `rejected_at`, that none signed while the current one was that of the digest `rejected_secret`.
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
    seq: int = 0


class Work(StrEnum):
    """What can be claimed, so that two workers of one store do not do the same."""

    WEBHOOK = "webhook"
    NOTE = "note"
    RECHECK = "recheck"
    BACKFILL = "backfill"
    VISIT = "visit"


class KnownIncident(msgspec.Struct, frozen=True):
    """What a comparison must know of an incident: its row without evidence, and which integration has its note."""

    row: IncidentRow
    noted_by: str | None


class Share(msgspec.Struct, frozen=True):
    """How much of one integration may be claimed: at most `each`, less what its asker is at already (`working`).

    A tenant may have as much as stays free, whatever its integrations: so none of many takes what another one needs.
    """

    each: int = 1_000_000
    working: Mapping[str, int] = {}
    free: int = 4_000_000
    working_of_tenant: Mapping[str, int] = {}
    tenant_of: Callable[[str], str] = str

    def room(self, integration_id: str) -> int:
        """Return how much more of an integration may be claimed."""
        of_tenant = self.room_of_tenant(self.tenant_of(integration_id))
        may_hold = max(1, min(self.each, of_tenant // 2))
        return min(of_tenant, may_hold - self.working.get(integration_id, 0))

    def room_of_tenant(self, tenant: str) -> int:
        """Return how much more of all integrations of a tenant may be claimed: one that has nothing may have one."""
        held = self.working_of_tenant.get(tenant, 0)
        return max((self.free - held) // 2, int(held == 0 and self.free > 0))


WHOLE = Share()
"""All there is may be of one integration."""


class FinishWebhook(msgspec.Struct, frozen=True):
    """The webhook was processed; `event_id` keeps the same event from being processed again for this integration."""

    row_id: int
    integration_id: str
    event_id: str | None


class RetryWebhook(msgspec.Struct, frozen=True):
    """The webhook could not be processed now; it is due again at `at`."""

    row_id: int
    at: float
    error: str


class ParkWebhook(msgspec.Struct, frozen=True):
    """The webhook waits until those of its integration are woken; at `until` it is due all the same."""

    row_id: int
    until: float
    reason: str


class SaveIncident(msgspec.Struct, frozen=True):
    """Write an incident that nobody else wrote since it was read at `row.revision`."""

    row: IncidentRow


class SaveNote(msgspec.Struct, frozen=True):
    """Write a note that nobody else wrote since it was read at `row.revision`."""

    row: NoteRow


class SaveIntegrationState(msgspec.Struct, frozen=True):
    """Set the non-None fields of an integration's state; `seq` is given by the store and grows with every change."""

    state: IntegrationState


class SaveCompared(msgspec.Struct, frozen=True):
    """Set when integrations were last compared; their states count as changed only where a refusal ends with it."""

    ids: list[str]
    until: float


class SaveBaseline(msgspec.Struct, frozen=True):
    """Insert or replace a baseline."""

    baseline: Baseline


class DropBaseline(msgspec.Struct, frozen=True):
    """Forget the baseline of a workload that is gone."""

    uid: str


class MoveNote(msgspec.Struct, frozen=True):
    """Keep a note under the account that was learnt since; the row that is written with it expects its revision."""

    account: str
    incident_id: str
    to_account: str


class ScheduleRecheck(msgspec.Struct, frozen=True):
    """Have the evidence of an integration's incident gathered once more at `at`."""

    integration_id: str
    incident_id: str
    at: float


class FinishRecheck(msgspec.Struct, frozen=True):
    """The evidence was gathered once more; a recheck that was scheduled meanwhile, due after `due_until`, stays."""

    integration_id: str
    incident_id: str
    due_until: float = float("inf")


class ScheduleVisit(msgspec.Struct, frozen=True):
    """Have it decided anew at `at` what an integration knows of an incident, and whether it writes the note."""

    integration_id: str
    incident_id: str
    at: float


class FinishVisit(msgspec.Struct, frozen=True):
    """It was decided; a visit that was scheduled meanwhile, due after `due_until`, stays."""

    integration_id: str
    incident_id: str
    due_until: float = float("inf")


class VisitRivals(msgspec.Struct, frozen=True):
    """Have every other integration with a confirmed row of an incident visited at `at`: its note is free again."""

    account: str
    incident_id: str
    but_not: str
    at: float


LaterLook = ScheduleRecheck | FinishRecheck | ScheduleVisit | FinishVisit | VisitRivals
"""What is to be done at some later time, or was."""
Mutation = (
    FinishWebhook
    | RetryWebhook
    | ParkWebhook
    | SaveIncident
    | SaveNote
    | SaveIntegrationState
    | SaveCompared
    | SaveBaseline
    | DropBaseline
    | MoveNote
    | LaterLook
)


LONG_AGO = 0.0
"""A service was seen, but nobody knows any more when: all that is left of it has reasons that are ignored."""


class EventQuery(msgspec.Struct, frozen=True):
    """Which events a state window holds: of these tenants, between these times, not expired at `now`.

    Of all services (`services` None), or of those named, of workloads so named, and of objects with all these labels.
    What was posted counts by its service's name only, and of tenant `posts_of` only unless that is None. What has one
    of `without_reasons` is neither returned nor counted. Changes and all else (faults, mostly) have limits of their
    own; within one, what was posted leaves the cluster's own events half, and every subject gets its turn. Windows that
    wait are read in turns of the tenants that they are `asked_by`.
    """

    tenants: list[str]
    services: list[str] | None
    since: float
    until: float
    now: float
    limit: int = 500
    change_limit: int = 200
    workloads: list[str] = []
    match_labels: dict[str, str] = {}
    without_reasons: list[str] = []
    posts_of: str | None = None
    asked_by: str = ""


class Window(msgspec.Struct, frozen=True):
    """The events of a state window, most recently seen first, and how many more there were, posted ones included.

    With `more_changes` or `more_others` there were more than that: only some thousands are counted. `texts_cut` counts
    those events whose texts were shortened, because all in full would be too much.
    """

    events: list[ContextEvent]
    changes_cut: int = 0
    others_cut: int = 0
    posted_changes_cut: int = 0
    posted_others_cut: int = 0
    more_changes: bool = False
    more_others: bool = False
    texts_cut: int = 0


class Depths(msgspec.Struct, frozen=True):
    """How much waits: for the worker, for PagerDuty, for the disk; `oldest_*` in seconds of age."""

    inbox: int
    notes: int
    writes: int
    oldest_inbox_s: float


class Store(Protocol):
    """Everything the domain asks of a store, whether one process uses it or several.

    Writes return after COMMIT and raise StoreUnavailable, reads never wait for writes. A claim is held by one worker
    until it is finished, released or its lease (in seconds from `now`) is over; nobody else is given the same work.
    Where our clock was set back, all that was put off is due: it cannot be told what a clock that was ahead put off.
    """

    async def add_webhook(self, webhook: NewWebhook) -> bool:
        """Keep a webhook; False when this integration already has one of this id. Also sets last_webhook_at.

        Raises QuotaExceeded when as many of this integration wait as may, or as many bytes of its namespace.
        """

    async def claim_webhooks(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[InboxRow]:
        """Claim due webhooks, of each integration in turn, the longest due first.

        FinishWebhook, RetryWebhook and ParkWebhook end the claim.
        """

    async def claim_notes(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[NoteRow]:
        """Claim notes to send (rev > sent_rev) or to check (check_at passed), waiting ones left out.

        Of each integration in turn, the longest due first.
        """

    async def claim_note(self, account: str, incident_id: str, lease_s: float, now: float) -> bool:
        """Claim the note of an incident, stored yet or not; False when somebody else is at it."""

    async def claim_rechecks(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[IncidentKey]:
        """Claim due rechecks, of each integration in turn within a share, due first; FinishRecheck ends the claim."""

    async def claim_visits(self, limit: int, lease_s: float, now: float, share: Share = WHOLE) -> list[IncidentKey]:
        """Claim due visits, of each integration in turn within a share, due first; FinishVisit ends the claim."""

    async def claim_backfill(self, name: str, lease_s: float, now: float) -> bool:
        """Claim a backfill by its name; False when somebody else is at it."""

    async def release(self, work: Work, *key: str | int, until: float = 0.0) -> None:
        """End a claim, at a time, without a word about the work: from then on it is due as the rows say."""

    async def wake_webhooks(self, integration_id: str, limit: int) -> int:
        """Have at most so many parked webhooks of an integration due, the newest first; return how many there were."""

    async def integrations_with_parked_webhooks(self) -> list[str]:
        """Return the ids of all integrations that have parked webhooks."""

    async def wake_notes(self, integration_id: str, now: float, limit: int) -> int:
        """Have at most so many unsent notes of an integration due at once; return how many were not."""

    async def hasten_visits(self, integration_id: str, now: float, limit: int) -> int:
        """Have at most so many visits of an integration due at once; return how many were not."""

    async def integrations_with_visits(self) -> list[str]:
        """Return the ids of all integrations of which a visit waits, now or later."""

    async def integrations_with_notes_due(self) -> list[str]:
        """Return the ids of all integrations of which a note is to be sent or checked, now or later."""

    async def is_event_known(self, integration_id: str, event_id: str) -> bool:
        """Tell whether an event of this id was processed for this integration."""

    async def commit(self, *changes: Mutation) -> None:
        """Make all changes or none; raise RevisionConflict when a row was written since it was read.

        Raises QuotaExceeded when an integration's namespace would keep more incidents and notes than it may.
        """

    async def add_events(self, events: list[ContextEvent]) -> list[Added]:
        """Keep events; True where new, False where an event of the same dedup key was counted up instead.

        A Quota where it was refused for it. Raises StoreUnavailable at once when too many events wait already.
        """

    async def window(self, query: EventQuery) -> list[ContextEvent]:
        """Return the unexpired events, newest first."""

    async def select(self, query: EventQuery) -> Window:
        """Return the unexpired events, newest first, and how many were left out."""

    async def last_event_at(
        self, tenants: list[str], services: list[str] | None, without_reasons: Sequence[str] = ()
    ) -> float | None:
        """Return when anything without these reasons was last seen of these services, expired or not.

        None: nothing ever was; LONG_AGO: something was, and it is not known when.
        """

    async def incident(self, integration_id: str, incident_id: str) -> IncidentRow | None:
        """Return one incident as one integration knows it."""

    async def confirmed_by(self, account: str, incident_id: str) -> list[str]:
        """Return the ids of the integrations whose own token read an incident of an account."""

    async def accounts_of(self, api_url: str, incident_id: str) -> list[str]:
        """Return the accounts in which an API's incident was confirmed, the one of the first row first."""

    async def known_incidents(self, keys: list[IncidentKey]) -> dict[IncidentKey, KnownIncident]:
        """Return those of the incidents that are known, without their evidence."""

    async def open_incident_ids(self, integration_ids: list[str]) -> list[tuple[str, str]]:
        """Return integration and incident id of all that is not resolved of these integrations."""

    async def note(self, account: str, incident_id: str) -> NoteRow | None:
        """Return one note."""

    async def integration_state(self, integration_id: str) -> IntegrationState | None:
        """Return the state of one integration."""

    async def integration_states(self, integration_ids: list[str]) -> dict[str, IntegrationState]:
        """Return the states of these integrations, as far as there are any."""

    async def integration_states_since(self, seq: int) -> list[IntegrationState]:
        """Return the states of all integrations that changed since `seq`, in the order of their changes."""

    async def baselines(self) -> list[Baseline]:
        """Return all baselines."""

    async def sweep(self, now: float, limit: int) -> int:
        """Delete at most `limit` rows of each kind that nobody can see any more; return how many."""

    async def retain(self, now: float, limit: int, tenants: Mapping[str, str] | None) -> int:
        """Delete at most `limit` incidents whose time is over, and what is left of integrations that are gone.

        `tenants` are the namespaces of the integrations that exist; None: it is not known. Returns how many rows went.
        """

    def quotas_met(self, now: float) -> dict[str, QuotaMet]:
        """Return the quotas that were met lately, by the name of the tenant or the id of the integration."""

    async def depths(self, now: float) -> Depths:
        """Return how much waits."""

    def waiting_writes(self) -> int:
        """Return how many writes wait for the disk, also where nothing can be read."""

    async def probe(self) -> None:
        """Commit one small row; raise StoreUnavailable when that fails. For readiness: it also notices healing."""

    def healthy(self) -> bool:
        """Whether the store may still commit; once it is not, only a new process helps."""

    async def failed(self) -> str:
        """Return why, as soon as the store can never commit again."""

    async def close(self) -> None:
        """Commit what waits and close."""
