"""Updates incidents and their notes: from what was reported about one to its rows, committed at once."""

from collections.abc import Callable

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import RevisionConflict
from noctuary.common.locks import KeyedLocks
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.episodes import is_another_episode
from noctuary.incidents.note_owner import owner_of
from noctuary.incidents.outbox.wanted import Diagnosed, decode_evidence, wanted_note
from noctuary.incidents.sightings import Sighting, apply_sighting
from noctuary.incidents.timings import Timings
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Mutation, SaveIncident, SaveNote, ScheduleRecheck, Store

log = structlog.get_logger()

MAX_ATTEMPTS = 5
"""How often an update is decided anew because somebody else wrote the incident meanwhile."""
LATE_S = 60.0
"""A last look that is later than this is told: rechecks cannot keep up, or nobody ran."""


class IncidentUpdater:
    """Updates incidents one at a time; what another process wrote meanwhile is read again and never overwritten."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        enricher: Enricher,
        locks: KeyedLocks,
        wake_sender: Callable[[], None],
        timings: Timings,
    ) -> None:
        self._store = store
        self._routing = routing
        self._enricher = enricher
        self._locks = locks
        self._wake_sender = wake_sender
        self._timings = timings
        self._hosts: dict[str, str] = {}

    async def update(
        self,
        origin: RoutingRecord,
        sightings: list[Sighting],
        *done: Mutation,
        look_first: bool = False,
        silent_if_resolved: bool = False,
    ) -> bool:
        """Apply sightings of one incident and commit them with `done`; tell whether the incident is new.

        `look_first`: a note of ours may exist there already, unknown to the store. `silent_if_resolved`: an incident
        that came and went during a suspension gets no note. Raises StoreUnavailable and RevisionConflict.
        """
        for seen in sightings:
            self._hosts[origin.id] = seen.host or self._hosts.get(origin.id, "")
        async with self._locks.hold((origin.api_url, sightings[0].incident_id)):
            for attempt in range(1, MAX_ATTEMPTS + 1):
                try:
                    return await self._update(
                        origin, sightings, done, look_first=look_first, silent_if_resolved=silent_if_resolved
                    )
                except RevisionConflict:
                    if attempt == MAX_ATTEMPTS:
                        raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _update(
        self,
        origin: RoutingRecord,
        sightings: list[Sighting],
        done: tuple[Mutation, ...],
        *,
        look_first: bool,
        silent_if_resolved: bool,
    ) -> bool:
        account, incident_id = origin.api_url, sightings[0].incident_id
        before = await self._store.incident(account, incident_id)
        note = await self._store.note(account, incident_id)
        row = before
        for seen in sightings:
            row = apply_sighting(row, seen, account, origin.id)
        if row is None:
            return False
        owner = self._owner(row, before, note, sightings[-1], origin)
        lacks_note = note is None and row.status != "resolved" and owner.writes_notes and not owner.suspend
        if row == before and not lacks_note:
            await self._store.commit(*done)
            return False
        row.integration_id, row.updated_at = owner.id, clock.now()
        silent = silent_if_resolved and note is None and row.status == "resolved"
        changes = await self._changes(owner, row, before, note, look_first=look_first, silent=silent)
        await self._store.commit(*changes, *done)
        self._wake_sender()
        return before is None

    async def recheck(self, account: str, incident_id: str) -> bool:
        """Gather the evidence of an open incident once more; tell whether the answer is better now."""
        async with self._locks.hold((account, incident_id)):
            return await self._recheck(account, incident_id)

    async def _recheck(self, account: str, incident_id: str) -> bool:
        row = await self._store.incident(account, incident_id)
        owner = self._routing.get(row.integration_id) if row is not None else None
        known = decode_evidence(row) if row is not None else None
        if row is None or known is None or row.status == "resolved" or owner is None:
            return False
        wanted = await self._enricher.second_look(owner, row, known, clock.now())
        next_look = self._next_look(row, known)
        if wanted == known:
            await self._store.commit(*next_look)
            return False
        row.diagnosis = msgspec.json.encode(wanted)
        note = await self._store.note(account, incident_id)
        await self._store.commit(SaveIncident(row), *_edit(owner, row, wanted, note), *next_look)
        self._wake_sender()
        return True

    async def next_look(self, account: str, incident_id: str) -> list[Mutation]:
        """Return what asks for the last look at an open incident, for when an earlier one failed."""
        row = await self._store.incident(account, incident_id)
        known = decode_evidence(row) if row is not None else None
        return self._next_look(row, known) if row is not None and known is not None else []

    def _next_look(self, row: IncidentRow, known: Evidence) -> list[Mutation]:
        """Ask for the last look, if this was an earlier one; one that comes later than the last stands for both."""
        last_at = known.looked_at + self._timings.last_recheck_s
        late_s = clock.now() - last_at
        if late_s < 0:
            return [ScheduleRecheck(row.account, row.incident_id, last_at)]
        if late_s > LATE_S:
            log.warning("The last look at an incident came late", incident=row.incident_id, late_s=round(late_s))
        return []

    def _owner(
        self, row: IncidentRow, before: IncidentRow | None, note: NoteRow | None, seen: Sighting, origin: RoutingRecord
    ) -> RoutingRecord:
        """Return who owns the note: whoever has written one keeps it, as long as the integration exists."""
        settled = self._routing.get(before.integration_id) if before is not None and note is not None else None
        if settled is not None:
            return settled
        known = msgspec.structs.replace(seen, service_id=row.service_id or seen.service_id)
        return owner_of(known, origin, list(self._routing), self._hosts)

    async def _changes(
        self,
        owner: RoutingRecord,
        row: IncidentRow,
        before: IncidentRow | None,
        note: NoteRow | None,
        *,
        look_first: bool,
        silent: bool,
    ) -> list[Mutation]:
        known = decode_evidence(row)
        is_anew = before is None or is_another_episode(known, row, before)
        evidence = await self._evidence(owner, row, before, note, known, is_anew=is_anew)
        if known is not None and known.clearing is not None and before is not None and not is_anew:
            evidence = _with_first_clearing(evidence, known, row, before)
        if evidence is not None:
            row.diagnosis = msgspec.json.encode(evidence)
        changes: list[Mutation] = [SaveIncident(row)]
        if is_anew and row.status != "resolved":
            changes.append(ScheduleRecheck(row.account, row.incident_id, clock.now() + self._timings.recheck_s))
        if owner.writes_notes and not owner.suspend and not silent:
            wanted = wanted_note(owner, row, evidence, note, look_first=look_first)
            changes += [SaveNote(wanted)] if wanted is not None else []
        return changes

    async def _evidence(
        self,
        owner: RoutingRecord,
        row: IncidentRow,
        before: IncidentRow | None,
        note: NoteRow | None,
        known: Diagnosed,
        *,
        is_anew: bool,
    ) -> Diagnosed:
        """Return the evidence of an incident; None when it was written in a form unknown here and its note shows it."""
        if known is None and row.diagnosis is not None and note is not None and not is_anew:
            return None
        if known is None or is_anew:
            return await self._enricher.evidence(owner, row, clock.now(), known)
        if note is not None and _reads_the_same(row, before):
            return known
        return await self._enricher.present(owner, row, known, clock.now())


def _reads_the_same(row: IncidentRow, before: IncidentRow | None) -> bool:
    """Tell whether nothing changed that a note shows: a priority, a delegation and an escalation change none of it."""
    return before is not None and row == msgspec.structs.replace(
        before, urgency=row.urgency, last_event_at=row.last_event_at, updated_at=row.updated_at
    )


def _with_first_clearing(fresh: Diagnosed, known: Evidence, row: IncidentRow, before: IncidentRow) -> Diagnosed:
    """Keep what was seen when the incident was resolved, for as long as it stays so."""
    if fresh is None or row.status != "resolved" or before.status != "resolved":
        return fresh
    return msgspec.structs.replace(fresh, clearing=known.clearing)


def _edit(owner: RoutingRecord, row: IncidentRow, evidence: Evidence, note: NoteRow | None) -> list[Mutation]:
    """Ask for a new text of a note that exists already; a recheck never begins one."""
    if note is None or owner.suspend or not owner.writes_notes:
        return []
    wanted = wanted_note(owner, row, evidence, note, look_first=False)
    return [SaveNote(wanted)] if wanted is not None else []
