"""The desk: one incident at a time, from what was told about it to the rows of incident and note."""

from collections.abc import Callable

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.locks import KeyedLocks
from noctuary.incidents.enrichment import Enricher
from noctuary.incidents.note_owner import owner_of
from noctuary.incidents.sightings import Sighting, apply_sighting
from noctuary.models.diagnosis import Verdict
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.notes.note import marker_of, render_note, same_apart_from_time
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Mutation, SaveIncident, SaveNote, Store

log = structlog.get_logger()

_VERDICTS = [Verdict.NEVER_SEEN, Verdict.NOTHING_RELEVANT, Verdict.CAUSE]
LOOK_FIRST = 0.001
"""A `posting_since` of long ago: a note may stand there already, so the first thing to do is to look."""


class IncidentUpdater:
    """Updates incidents and their notes; everything of one incident happens in turn and is committed at once."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        enricher: Enricher,
        locks: KeyedLocks,
        wake_sender: Callable[[], None],
    ) -> None:
        self._store = store
        self._routing = routing
        self._enricher = enricher
        self._locks = locks
        self._wake_sender = wake_sender
        self.on_new: Callable[[IncidentRow], None] = lambda _row: None
        self._hosts: dict[str, str] = {}

    async def take(
        self,
        origin: RoutingRecord,
        sightings: list[Sighting],
        *done: Mutation,
        look_first: bool = False,
        silent_if_resolved: bool = False,
    ) -> bool:
        """Apply sightings of one incident and commit them with `done`; tell whether the incident is new.

        `look_first`: a note of ours may stand there already, unknown to the store. `silent_if_resolved`: an incident
        that came and went during a suspension gets no note.
        """
        account, incident_id = origin.api_url, sightings[0].incident_id
        async with self._locks.hold((account, incident_id)):
            before = await self._store.incident(account, incident_id)
            row = before
            for seen in sightings:
                self._hosts[origin.id] = seen.host or self._hosts.get(origin.id, "")
                row = apply_sighting(row, seen, account, origin.id)
            if row is None:
                return False
            note = await self._store.note(account, incident_id)
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
        if before is None:
            self.on_new(row)
        return before is None

    async def recheck(self, account: str, incident_id: str) -> bool:
        """Gather the evidence of an open incident once more; tell whether the answer is better now."""
        async with self._locks.hold((account, incident_id)):
            row = await self._store.incident(account, incident_id)
            owner = self._routing.get(row.integration_id) if row is not None else None
            if row is None or row.diagnosis is None or row.status == "resolved" or owner is None:
                return False
            known = msgspec.json.decode(row.diagnosis, type=Evidence)
            fresh = await self._enricher.evidence(owner.record, row, clock.now(), None if known.gaps else known.alerts)
            if not is_better(fresh, known):
                return False
            row.diagnosis = msgspec.json.encode(fresh)
            note = await self._store.note(account, incident_id)
            await self._store.commit(SaveIncident(row), *_edit(owner.record, row, fresh, note))
        self._wake_sender()
        return True

    def _owner(
        self, row: IncidentRow, before: IncidentRow | None, note: NoteRow | None, seen: Sighting, origin: RoutingRecord
    ) -> RoutingRecord:
        """Return who owns the note: whoever has written one keeps it, as long as the integration exists."""
        settled = self._routing.get(before.integration_id) if before is not None and note is not None else None
        if settled is not None:
            return settled.record
        known = msgspec.structs.replace(seen, service_id=row.service_id or seen.service_id)
        return owner_of(known, origin, [each.record for each in self._routing], self._hosts)

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
        evidence = await self._evidence(owner, row, before)
        row.diagnosis = msgspec.json.encode(evidence)
        changes: list[Mutation] = [SaveIncident(row)]
        if owner.writes_notes and not owner.suspend and not silent:
            wanted = wanted_note(owner, row, evidence, note, look_first=look_first)
            changes += [SaveNote(wanted)] if wanted is not None else []
        return changes

    async def _evidence(self, owner: RoutingRecord, row: IncidentRow, before: IncidentRow | None) -> Evidence:
        if row.diagnosis is None:
            return await self._enricher.evidence(owner, row, clock.now())
        evidence = msgspec.json.decode(row.diagnosis, type=Evidence)
        if row.status != "resolved":
            return msgspec.structs.replace(evidence, clearing=None)
        if before is not None and before.status == "resolved" and evidence.clearing is not None:
            return evidence
        clearing = await self._enricher.clearing(owner, row, evidence, clock.now())
        return msgspec.structs.replace(evidence, clearing=clearing)


def is_better(fresh: Evidence, known: Evidence) -> bool:
    """Tell whether new evidence gives another answer that is at least as good, from no less than was seen before."""
    before, after = known.diagnosis, fresh.diagnosis
    if after.verdict is not before.verdict:
        return _VERDICTS.index(after.verdict) > _VERDICTS.index(before.verdict)
    if not after.causes:
        return False
    is_as_good = after.causes[0].score >= before.causes[0].score and after.events_seen >= before.events_seen
    return is_as_good and after.causes != before.causes


def _edit(owner: RoutingRecord, row: IncidentRow, evidence: Evidence, note: NoteRow | None) -> list[Mutation]:
    """Ask for a new text of a note that stands already; a second look never begins one."""
    if note is None or owner.suspend or not owner.writes_notes:
        return []
    wanted = wanted_note(owner, row, evidence, note, look_first=False)
    return [SaveNote(wanted)] if wanted is not None else []


def wanted_note(
    owner: RoutingRecord, row: IncidentRow, evidence: Evidence, note: NoteRow | None, *, look_first: bool
) -> NoteRow | None:
    """Return the outbox row that asks for the note as it should read now, or None when it reads so already."""
    now = clock.now()
    marker = note.marker if note is not None else marker_of(owner.id, row.account, row.incident_id)
    text = render_note(row, evidence, marker, now)
    if note is None:
        return NoteRow(
            account=row.account,
            incident_id=row.incident_id,
            integration_id=owner.id,
            marker=marker,
            text=text,
            created_at=now,
            posting_since=LOOK_FIRST if look_first else None,
        )
    if same_apart_from_time(note.text, text) and note.integration_id == owner.id:
        return None
    return msgspec.structs.replace(note, integration_id=owner.id, text=text, rev=note.rev + 1)
