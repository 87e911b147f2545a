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
from noctuary.incidents.sightings import Sighting, apply_sighting, believed, confirmed
from noctuary.incidents.timings import Timings
from noctuary.incidents.trust.note_owner import Turn
from noctuary.incidents.trust.notes import Case, Notes, endpoint_of, under_account
from noctuary.incidents.trust.witness import Answer, Witness, heard, next_visit
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import (
    FinishRecheck,
    FinishVisit,
    Mutation,
    SaveIncident,
    SaveNote,
    ScheduleRecheck,
    Store,
)

log = structlog.get_logger()

MAX_ATTEMPTS = 5
"""How often an update is decided anew because somebody else wrote the incident or its note meanwhile."""
LATE_S = 60.0
"""A last look that is later than this is told: rechecks cannot keep up, or nobody ran."""
REPLAYED_S = 48 * 3600.0
"""PagerDuty gives up a webhook after 48 hours: one that tells of an incident resolved before was kept by somebody."""


class Found(msgspec.Struct):
    """What was found by asking: kept for as long as an update is decided, so that nothing is asked twice."""

    answer: Answer | None = None
    first: Evidence | None = None


class Told(msgspec.Struct, frozen=True):
    """What is told at once of an incident of one integration, and what commits with it.

    No sightings: it is only decided anew.
    """

    record: RoutingRecord
    incident_id: str
    sightings: list[Sighting]
    done: tuple[Mutation, ...] = ()
    look_first: bool = False
    silent_if_resolved: bool = False
    found: Found = msgspec.field(default_factory=Found)

    @property
    def is_asked(self) -> bool:
        """Whether PagerDuty's API told it."""
        return bool(self.sightings) and self.sightings[-1].is_asked

    @property
    def claimed_service(self) -> str:
        """The service that the latest webhook told; empty when it told none."""
        return self.sightings[-1].service_id if self.sightings and not self.is_asked else ""


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
        silent_if_resolved: bool = False,
    ) -> bool:
        """Apply sightings of one incident and commit them with `done`; tell whether the incident is new.

        They change what `origin` knows of it and nobody else's. `look_first`: a note of ours may exist there already,
        unknown to the store. `silent_if_resolved`: an incident that came and went during a suspension gets no note.
        Raises StoreUnavailable and RevisionConflict.
        """
        told = Told(origin, sightings[0].incident_id, sightings, done, look_first, silent_if_resolved)
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
        row = _as_told(before, told)
        if row is None:
            await self._store.commit(*told.done)
            return False
        changes: list[Mutation] = []
        if not told.is_asked and self._witness.must_ask(told.record, row):
            answer = await self._asked(told, row)
            row = heard(row, answer, told.claimed_service)
            changes += answer.changes + next_visit(row, answer, self._timings)
            if row.confirmed_at is None:
                return await self._keep_claim(told, row, before, changes)
        return await self._keep(told, row, before, changes)

    async def _asked(self, told: Told, row: IncidentRow) -> Answer:
        """Have a claim confirmed, and meanwhile gather what the first note would need."""
        found = told.found
        if found.answer is not None:
            return found.answer
        look = self._diagnoses.first_look(told.record, row) if told.sightings else _nothing()
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
        if not _is_silent(told, row, case.note):
            changes += self._notes.consequences(record, row, case)
        # What was resolved while its note was left to a rival that never wrote it, still gets it.
        lacks_note = case.is_ours and case.note is None and (row.status != "resolved" or not told.sightings)
        is_free = case.is_ours and case.note is not None and case.note.integration_id != record.id
        if row == before and not lacks_note and not is_free:
            await self._store.commit(*told.done, *changes)
            return False
        row.updated_at = clock.now()
        noted = await self._noted(told, row, before, case)
        await self._sender.commit(record, SaveIncident(row), *noted, *told.done, *changes)
        return before is None

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
            at = clock.now() + self._timings.recheck_s
            changes.append(ScheduleRecheck(row.integration_id, row.incident_id, at))
        if not case.is_ours or _is_silent(told, row, note):
            return changes
        kept, moves = under_account(note, row.account) if note is not None else (None, [])
        wanted = wanted_note(told.record, row, evidence, kept, look_first=told.look_first)
        if wanted is None:
            return changes
        return [*changes, *moves, SaveNote(wanted), *self._notes.later_for_displaced(wanted, note)]

    async def recheck(self, integration_id: str, incident_id: str, due_until: float) -> bool:
        """Gather the evidence of an open incident once more and end that look; tell whether the answer is better now.

        What is due after `due_until` stays. Raises StoreUnavailable and RevisionConflict.
        """
        done = FinishRecheck(integration_id, incident_id, due_until)
        async with self._locks.hold((integration_id, incident_id)):
            changes = await self._recheck(integration_id, incident_id)
            await self._store.commit(done, *changes)
        is_better = any(isinstance(change, SaveIncident) for change in changes)
        if is_better:
            self._sender.wake.set()
        return is_better

    async def _recheck(self, integration_id: str, incident_id: str) -> list[Mutation]:
        row = await self._store.incident(integration_id, incident_id)
        record = self._routing.get(integration_id)
        known = decode_evidence(row) if row is not None else None
        if row is None or known is None or row.status == "resolved" or record is None:
            return []
        if self._witness.must_ask(record, row) and not row.is_doubted:
            return []
        note = await self._notes.find(row)
        if note is not None and note.integration_id != record.id:
            return []
        wanted = await self._enricher.second_look(record, row, known, clock.now())
        next_look = self._next_look(row, known)
        if wanted == known:
            return next_look
        row.diagnosis = storing.encode(wanted)
        return [SaveIncident(row), *_edit(record, row, wanted, note), *next_look]

    async def next_look(self, integration_id: str, incident_id: str) -> list[Mutation]:
        """Return what asks for the last look at an open incident, for when an earlier one failed."""
        row = await self._store.incident(integration_id, incident_id)
        known = decode_evidence(row) if row is not None else None
        return self._next_look(row, known) if row is not None and known is not None else []

    def _next_look(self, row: IncidentRow, known: Evidence) -> list[Mutation]:
        """Ask for the last look, if this was an earlier one; one that comes later than the last stands for both."""
        last_at = known.looked_at + self._timings.last_recheck_s
        late_s = clock.now() - last_at
        if late_s < -self._timings.last_recheck_s - LATE_S:
            return []  # looked at by a clock that was ahead: nobody knows when, and this look was the later one
        if late_s < 0:
            return [ScheduleRecheck(row.integration_id, row.incident_id, last_at)]
        if late_s > LATE_S:
            log.warning("The last look at an incident came late", incident=row.incident_id, late_s=round(late_s))
        return []


async def _nothing() -> None:
    return None


def _as_told(row: IncidentRow | None, told: Told) -> IncidentRow | None:
    """Return an incident as it is told; what PagerDuty's API tells first overrules all that was claimed."""
    api_url = endpoint_of(told.record.api_url)
    row = msgspec.structs.replace(row) if row is not None else None
    for seen in told.sightings:
        if seen.is_asked and (row is None or row.confirmed_at is None):
            blank = IncidentRow(integration_id=told.record.id, incident_id=seen.incident_id, api_url=api_url)
            row = confirmed(row or blank, seen)
            row.is_doubted = False
        elif row is not None and row.confirmed_at is not None and not seen.is_asked and told.record.api_token:
            row = believed(row, seen, told.record.scope)
        else:
            row = apply_sighting(row, seen, api_url, told.record.id)
    return row


def _is_silent(told: Told, row: IncidentRow, note: NoteRow | None) -> bool:
    """Tell whether an incident that is over begins no note: of a suspension, or one that is told again long after."""
    if note is not None or row.status != "resolved":
        return False
    is_replay = not told.is_asked and (row.resolved_at or 0.0) < clock.now() - REPLAYED_S
    return told.silent_if_resolved or is_replay


def _edit(record: RoutingRecord, row: IncidentRow, evidence: Evidence, note: NoteRow | None) -> list[Mutation]:
    """Ask for a new text of a note that exists already; a recheck never begins one."""
    if note is None or record.suspend or not record.writes_notes:
        return []
    kept, moves = under_account(note, row.account)
    wanted = wanted_note(record, row, evidence, kept, look_first=False)
    return [*moves, SaveNote(wanted)] if wanted is not None else []
