"""Updates incidents and their notes: from what was reported about one to its rows, committed at once."""

from collections.abc import Callable

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import RevisionConflict
from noctuary.common.locks import KeyedLocks
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.note_owner import owner_of
from noctuary.incidents.outbox.wanted import Diagnosed, decode_evidence, is_better, wanted_note
from noctuary.incidents.sightings import Sighting, apply_sighting
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Mutation, SaveIncident, SaveNote, ScheduleRecheck, Store

log = structlog.get_logger()

MAX_ATTEMPTS = 5
"""How often an update is decided anew because somebody else wrote the incident meanwhile."""


class IncidentUpdater:
    """Updates incidents one at a time; what another process wrote meanwhile is read again and never overwritten."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        enricher: Enricher,
        locks: KeyedLocks,
        wake_sender: Callable[[], None],
        recheck_after_s: float,
    ) -> None:
        self._store = store
        self._routing = routing
        self._enricher = enricher
        self._locks = locks
        self._wake_sender = wake_sender
        self._recheck_after_s = recheck_after_s
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
            row = await self._store.incident(account, incident_id)
            owner = self._routing.get(row.integration_id) if row is not None else None
            if row is None or row.diagnosis is None or row.status == "resolved" or owner is None:
                return False
            known = decode_evidence(row)
            if known is None:
                return False
            fresh = await self._enricher.evidence(owner, row, clock.now(), None if known.gaps else known.alerts)
            if not is_better(fresh, known):
                return False
            row.diagnosis = msgspec.json.encode(fresh)
            note = await self._store.note(account, incident_id)
            await self._store.commit(SaveIncident(row), *_edit(owner, row, fresh, note))
        self._wake_sender()
        return True

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
        evidence = await self._evidence(owner, row, before, note)
        if evidence is not None:
            row.diagnosis = msgspec.json.encode(evidence)
        changes: list[Mutation] = [SaveIncident(row)]
        if before is None and row.status != "resolved":
            changes.append(ScheduleRecheck(row.account, row.incident_id, clock.now() + self._recheck_after_s))
        if owner.writes_notes and not owner.suspend and not silent:
            wanted = wanted_note(owner, row, evidence, note, look_first=look_first)
            changes += [SaveNote(wanted)] if wanted is not None else []
        return changes

    async def _evidence(
        self, owner: RoutingRecord, row: IncidentRow, before: IncidentRow | None, note: NoteRow | None
    ) -> Diagnosed:
        """Return the evidence of an incident; None when it was written in a form unknown here and its note shows it."""
        evidence = decode_evidence(row)
        if evidence is None:
            is_unknown = row.diagnosis is not None and note is not None
            return None if is_unknown else await self._enricher.evidence(owner, row, clock.now())
        if row.status != "resolved":
            return msgspec.structs.replace(evidence, clearing=None)
        if before is not None and before.status == "resolved" and evidence.clearing is not None:
            return evidence
        clearing = await self._enricher.clearing(owner, row, evidence, clock.now())
        return msgspec.structs.replace(evidence, clearing=clearing)


def _edit(owner: RoutingRecord, row: IncidentRow, evidence: Evidence, note: NoteRow | None) -> list[Mutation]:
    """Ask for a new text of a note that exists already; a recheck never begins one."""
    if note is None or owner.suspend or not owner.writes_notes:
        return []
    wanted = wanted_note(owner, row, evidence, note, look_first=False)
    return [SaveNote(wanted)] if wanted is not None else []
