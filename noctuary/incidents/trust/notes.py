"""The note of an incident as its account has it, and whose turn it is to write it."""

import msgspec

from noctuary.common import clock
from noctuary.common.errors import InvalidInput
from noctuary.incidents.timings import Timings
from noctuary.incidents.trust.accounts import learnt
from noctuary.incidents.trust.note_owner import Claimant, Turn, Verdict, whose_turn
from noctuary.incidents.trust.proofs import Proofs
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.endpoint import normal_url
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import MoveNote, Mutation, SaveIntegrationState, ScheduleVisit
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState

TOLD_ANEW_S = 3600.0
"""How often it is written down at most that the same integration is displaced by the same other one."""

UNSENT_WAITS = 6
"""How many times longer one that is refused waits for another one's POST: it would write nothing anyway."""


class Case(msgspec.Struct, frozen=True):
    """The note there is, under the account that it is kept by, and whose turn it is."""

    note: NoteRow | None
    verdict: Verdict

    @property
    def is_ours(self) -> bool:
        """Whether the integration writes the note."""
        return self.verdict.turn is Turn.OURS

    @property
    def is_awaited(self) -> bool:
        """Whether another integration is to write the note, and PagerDuty has none yet."""
        is_unwritten = self.note is None or self.note.note_id is None
        return is_unwritten and self.verdict.turn in (Turn.WAIT, Turn.THEIRS) and self.verdict.owner is not None

    @property
    def writer(self) -> str | None:
        """The integration whose note it is, None without one."""
        return self.note.integration_id if self.note is not None else None


class Notes:
    """Looks up notes and decides who writes them."""

    def __init__(self, store: Store, routing: RoutingDirectory, proofs: Proofs, timings: Timings) -> None:
        self._store = store
        self._routing = routing
        self._proofs = proofs
        self._timings = timings

    async def find(self, row: IncidentRow) -> NoteRow | None:
        """Return the note of an incident of an account; None too while the account is not known."""
        if not row.account:
            return None
        note = await self._store.note(row.account, row.incident_id)
        return note if note is not None else await self._of_before(row)

    async def _of_before(self, row: IncidentRow) -> NoteRow | None:
        """Return a note that was written before accounts were known, unless its writer's account is another one."""
        note = await self._store.note(endpoint_of(row.api_url), row.incident_id)
        writer = self._routing.get(note.integration_id) if note is not None else None
        account = self._proofs.account(writer) if writer is not None else ""
        return note if account in ("", row.account) else None

    async def author(self, record: RoutingRecord, note: NoteRow | None) -> IncidentRow | None:
        """Return the incident as the other integration has it whose answer a note that stands shows."""
        if note is None or note.note_id is None:
            return None
        author = note.answer_of or note.integration_id
        return await self._store.incident(author, note.incident_id) if author != record.id else None

    async def case(self, record: RoutingRecord, row: IncidentRow, *, is_just_confirmed: bool) -> Case:
        """Decide about an incident as it is now; raise StoreUnavailable.

        `is_just_confirmed`: its account is called so now; what was confirmed before keeps the name of then.
        """
        await self._proofs.refresh()
        known = self._proofs.account(record)
        if row.account not in ("", known) and (is_just_confirmed or not known):
            await self._store.commit(learnt(record, row.account))
            await self._proofs.refresh()
        row.account = row.account or (self._proofs.account(record) if row.confirmed_at is not None else "")
        if is_just_confirmed and row.account:
            row.account = await self._first_name(row)
        note = await self.find(row)
        confirmed_by = await self._store.confirmed_by(row.account, row.incident_id) if row.account else []
        shown_to = {*confirmed_by, record.id}
        claimant = Claimant(record, row, shown_to, clock.now(), self._timings.rival_wait_s)
        return Case(note, whose_turn(claimant, note, self._proofs, self._routing.get))

    async def _first_name(self, row: IncidentRow) -> str:
        """Return the account that an incident was confirmed in first: its note is kept there, whatever it is renamed.

        An API gives an id once, so what it shows to two tokens is one incident.
        """
        known = await self._store.accounts_of(row.api_url, row.incident_id)
        return known[0] if known else row.account

    def consequences(self, record: RoutingRecord, row: IncidentRow, case: Case) -> list[Mutation]:
        """Return what follows where another integration is to write: a later look, or the word that it wrote."""
        other = case.verdict.owner
        if case.verdict.turn not in (Turn.WAIT, Turn.THEIRS) or other is None:
            return []
        if case.is_awaited:
            waits = 1 if self._proofs.may_write(record) else UNSENT_WAITS
            at = clock.now() + waits * self._timings.rival_wait_s
            return [ScheduleVisit(row.integration_id, row.incident_id, at)]
        state, now = self._proofs.state(record.id), clock.now()
        known = (state.displaced_by, state.displaced_incident) == (other.id, row.incident_id)
        if known and now - (state.displaced_at or 0.0) < TOLD_ANEW_S:
            return []
        told = IntegrationState(
            id=record.id, displaced_by=other.id, displaced_incident=row.incident_id, displaced_at=now
        )
        return [SaveIntegrationState(told)]

    def later_for_displaced(self, wanted: NoteRow, before: NoteRow | None) -> list[Mutation]:
        """Return what has whoever wanted the note before look again: nothing else may ever tell that it still lacks."""
        if before is None or before.integration_id == wanted.integration_id or before.note_id is not None:
            return []
        at = clock.now() + self._timings.rival_wait_s
        return [ScheduleVisit(before.integration_id, before.incident_id, at)]


def under_account(note: NoteRow, account: str) -> tuple[NoteRow, list[Mutation]]:
    """Return a note as one of an account, and what keeps it so; one of before accounts were known is moved there."""
    if note.account == account:
        return note, []
    moved = msgspec.structs.replace(note, account=account)
    return moved, [MoveNote(note.account, note.incident_id, account)]


def endpoint_of(api_url: str) -> str:
    """Return an API's URL in its one spelling, also where an older release took one that is none."""
    try:
        return normal_url(api_url)
    except InvalidInput:
        return api_url
