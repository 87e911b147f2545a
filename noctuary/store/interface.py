"""The store as the domain sees it: one interface for every engine."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from noctuary.models.context_event import ContextEvent
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.store.changes import Mutation
from noctuary.store.limits import Added, QuotaMet
from noctuary.store.queries import Depths, EventQuery, Window
from noctuary.store.rows import Baseline, InboxRow, IncidentKey, IntegrationState, KnownIncident, NewWebhook
from noctuary.store.shares import WHOLE, Share, Work


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
