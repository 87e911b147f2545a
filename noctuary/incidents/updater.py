"""Updates an integration's incidents and their notes: from what was told about one to its rows, committed at once."""

import asyncio

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import RevisionConflict
from noctuary.common.locks import KeyedLocks
from noctuary.incidents.diagnoses import Diagnoses
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.episodes import is_another_episode, is_confirmed_late
from noctuary.incidents.evidence import storing
from noctuary.incidents.outbox.sender import NoteSender
from noctuary.incidents.outbox.wanted import decode_evidence, wanted_note
from noctuary.incidents.timings import Timings
from noctuary.incidents.told.sightings import Sighting
from noctuary.incidents.told.update import Told, as_told, is_silent
from noctuary.incidents.trust.note_owner import Turn, Verdict
from noctuary.incidents.trust.notes import Case, Notes, under_account
from noctuary.incidents.trust.witness import Answer, Witness, heard, next_visit
from noctuary.models.incident import IncidentRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import FinishVisit, Mutation, SaveIncident, SaveNote, ScheduleRecheck, ScheduleVisit
from noctuary.store.interface import Store

log = structlog.get_logger()

MAX_ATTEMPTS = 5
"""How often an update is decided anew because somebody else wrote the incident or its note meanwhile."""


class IncidentUpdater:
    """Updates incidents one at a time; what another process wrote meanwhile is read again and never overwritten."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        enricher: Enricher,
        locks: KeyedLocks,
        sender: NoteSender,
        timings: Timings,
        witness: Witness,
        notes: Notes,
    ) -> None:
        self._store = store
        self._routing = routing
        self._enricher = enricher
        self._diagnoses = Diagnoses(enricher)
        self._locks = locks
        self._sender = sender
        self._timings = timings
        self._witness = witness
        self._notes = notes

    async def update(
        self,
        origin: RoutingRecord,
        sightings: list[Sighting],
        *done: Mutation,
        look_first: bool = False,
    ) -> bool:
        """Apply sightings of one incident and commit them with `done`; tell whether the incident is new.

        They change what `origin` knows of it and nobody else's. `look_first`: a note of ours may exist there already,
        unknown to the store.
        Raises StoreUnavailable and RevisionConflict.
        """
        told = Told(origin, sightings[0].incident_id, sightings, done, look_first)
        return await self._decide_until_kept(told)

    async def visit(self, integration_id: str, incident_id: str, due_until: float) -> None:
        """Decide anew about an incident that waits to be confirmed, or for whoever is to write its note."""
        done = FinishVisit(integration_id, incident_id, due_until)
        record = self._routing.get(integration_id)
        if record is None or record.suspend:  # a comparison follows when it is resumed
            await self._store.commit(done)
            return
        await self._decide_until_kept(Told(record, incident_id, [], (done,)))

    async def _decide_until_kept(self, told: Told) -> bool:
        async with self._locks.hold((told.record.id, told.incident_id)):
            for attempt in range(1, MAX_ATTEMPTS + 1):
                try:
                    return await self._decide(told)
                except RevisionConflict:
                    if attempt == MAX_ATTEMPTS:
                        raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _decide(self, told: Told) -> bool:
        before = await self._store.incident(told.record.id, told.incident_id)
        row = as_told(before, told)
        if row is None:
            await self._store.commit(*told.done)
            return False
        changes: list[Mutation] = []
        if row.is_doubted and told.record.api_token is None:  # a token that comes, or is used again, hastens it
            at = clock.now() + self._timings.refused_retry_s
            changes.append(ScheduleVisit(row.integration_id, row.incident_id, at))
        if not told.is_asked and self._witness.must_ask(told.record, row):
            row = self._heard(told, row, await self._asked(told, row), changes)
            if row.confirmed_at is None:
                return await self._keep_claim(told, row, before, changes)
        return await self._keep(told, row, before, changes)

    def _heard(self, told: Told, row: IncidentRow, answer: Answer, changes: list[Mutation]) -> IncidentRow:
        """Return an incident after an answer of PagerDuty's; what follows from that is added to changes."""
        row = heard(row, answer, told.claimed_service)
        changes += answer.changes + next_visit(row, answer, self._timings)
        return row

    async def _asked(self, told: Told, row: IncidentRow) -> Answer:
        """Have a claim confirmed, and meanwhile gather what the first note would need."""
        found = told.found
        if found.answer is not None:
            return found.answer
        is_worth_it = bool(told.sightings) and self._witness.is_likely(told.record)
        look = self._diagnoses.first_look(told.record, row) if is_worth_it else _nothing()
        answer, found.first = await asyncio.gather(self._witness.ask(told.record, row), look)
        found.answer = answer
        return answer

    async def _keep_claim(
        self, told: Told, row: IncidentRow, before: IncidentRow | None, changes: list[Mutation]
    ) -> bool:
        """Keep what was claimed; evidence only where PagerDuty could not be asked yet and may show it shortly."""
        first, answer = told.found.first, told.found.answer
        is_delayed = answer is not None and answer.is_delayed
        if first is not None and is_delayed and row.confirm_tries == 0 and row.diagnosis is None:
            row.diagnosis = storing.encode(first)
        row.updated_at = clock.now()
        await self._store.commit(SaveIncident(row), *told.done, *changes)
        return before is None

    async def _keep(self, told: Told, row: IncidentRow, before: IncidentRow | None, changes: list[Mutation]) -> bool:
        """Commit an incident that may be believed, with the note that it should have."""
        record = told.record
        is_just_confirmed = before is None or before.confirmed_at != row.confirmed_at
        case = await self._notes.case(record, row, is_just_confirmed=is_just_confirmed)
        if case.verdict.is_taken_along:
            row, case = await self._taken_along(told, row, case, changes)
        if not is_silent(told, row, case.note):
            changes += self._notes.consequences(record, row, case)
        # What was resolved while its note was left to a rival that never wrote it, still gets it.
        lacks_note = case.is_ours and case.note is None and (row.status != "resolved" or not told.sightings)
        is_free = case.is_ours and case.note is not None and case.note.integration_id != record.id
        if row == before and not lacks_note and not is_free:
            await self._store.commit(*told.done, *changes)
        else:
            row.updated_at = clock.now()
            noted = await self._noted(told, row, before, case)
            await self._sender.commit(record, SaveIncident(row), *noted, *told.done, *changes)
        await self._end_wait(record, row, case)
        return before is None

    async def _end_wait(self, record: RoutingRecord, row: IncidentRow, case: Case) -> None:
        """Have an incident visited at once that was left to another one who was refused before that was committed.

        The refusal woke those whose wait it saw. Raises StoreUnavailable.
        """
        if not case.is_awaited:
            return
        now = await self._notes.case(record, row, is_just_confirmed=False)
        if now.is_ours:
            await self._store.commit(ScheduleVisit(row.integration_id, row.incident_id, clock.now()))

    async def _taken_along(
        self, told: Told, row: IncidentRow, case: Case, changes: list[Mutation]
    ) -> tuple[IncidentRow, Case]:
        """Decide anew about a note that its writer could go on with: it goes along if PagerDuty shows the move now.

        Whatever was read before we saw who writes the note may be of before it went to him. Raises RevisionConflict.
        """
        is_shown = False
        if not told.found.is_in_vain:
            answer = await self._witness.ask(told.record, row)
            is_shown = answer.shown is not None
            row = self._heard(told, row, answer, changes)
        now = await self._notes.case(told.record, row, is_just_confirmed=False)
        if now.writer != case.writer:
            raise RevisionConflict("another integration took the note over")
        return row, now if is_shown else msgspec.structs.replace(now, verdict=Verdict(Turn.NOBODYS))

    async def _noted(self, told: Told, row: IncidentRow, before: IncidentRow | None, case: Case) -> list[Mutation]:
        """Set the incident's evidence and return what asks for its note and for later looks."""
        if case.verdict.turn is Turn.THEIRS or (case.verdict.turn is Turn.NOBODYS and told.record.writes_notes):
            return []
        note = case.note if case.is_ours else None
        known = decode_evidence(row)
        evidence = await self._diagnoses.of(told.record, row, before, note, told.found.first)
        if evidence is not None:
            row.diagnosis = storing.encode(evidence)
        is_fresh = known is None or before is None or is_another_episode(known, row, before)
        is_fresh = is_fresh or (case.note is None and is_confirmed_late(row, before))
        changes: list[Mutation] = []
        if is_fresh and row.status != "resolved":
            has_more = evidence is not None and self._enricher.has_more_to_read(told.record, evidence)
            at = clock.now() + (self._timings.soon_s if has_more else self._timings.recheck_s)
            changes.append(ScheduleRecheck(row.integration_id, row.incident_id, at))
        if not case.is_ours or is_silent(told, row, note):
            return changes
        kept, moves = under_account(note, row.account) if note is not None else (None, [])
        author = await self._notes.author(told.record, kept)
        wanted = wanted_note(told.record, row, evidence, kept, look_first=told.look_first, author=author)
        if wanted is None:
            return changes
        return [*changes, *moves, SaveNote(wanted), *self._notes.later_for_displaced(wanted, note)]


async def _nothing() -> None:
    return None
