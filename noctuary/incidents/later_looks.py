"""Later looks at an open incident: its evidence is gathered once more, and its note tells the better answer."""

import structlog

from noctuary.common import clock
from noctuary.common.locks import KeyedLocks
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.evidence import storing
from noctuary.incidents.outbox.sender import NoteSender
from noctuary.incidents.outbox.wanted import decode_evidence, wanted_note
from noctuary.incidents.timings import Timings
from noctuary.incidents.trust.notes import Notes, under_account
from noctuary.incidents.trust.witness import Witness
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import FinishRecheck, Mutation, SaveIncident, SaveNote, ScheduleRecheck
from noctuary.store.interface import Store

log = structlog.get_logger()

LATE_S = 60.0
"""A last look that is later than this is told: rechecks cannot keep up, or nobody ran."""


class LaterLooks:
    """Looks once more, under the incident's lock, and ends the look in the commit that keeps what was found."""

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
        self._locks = locks
        self._sender = sender
        self._timings = timings
        self._witness = witness
        self._notes = notes

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
        is_soon = clock.now() < known.looked_at + self._timings.recheck_s
        wanted = await self._enricher.second_look(record, row, known, clock.now(), is_soon=is_soon)
        next_look = self._next_look(row, known)
        if wanted == known:
            return next_look
        row.diagnosis = storing.encode(wanted)
        author = await self._notes.author(record, note)
        return [SaveIncident(row), *_edit(record, row, wanted, note, author), *next_look]

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
            next_at = known.looked_at + self._timings.recheck_s
            at = next_at if clock.now() < next_at else last_at
            return [ScheduleRecheck(row.integration_id, row.incident_id, at)]
        if late_s > LATE_S:
            log.warning("The last look at an incident came late", incident=row.incident_id, late_s=round(late_s))
        return []


def _edit(
    record: RoutingRecord, row: IncidentRow, evidence: Evidence, note: NoteRow | None, author: IncidentRow | None
) -> list[Mutation]:
    """Ask for a new text of a note that exists already; a recheck never begins one."""
    if note is None or record.suspend or not record.writes_notes:
        return []
    kept, moves = under_account(note, row.account)
    wanted = wanted_note(record, row, evidence, kept, look_first=False, author=author)
    return [*moves, SaveNote(wanted)] if wanted is not None else []
