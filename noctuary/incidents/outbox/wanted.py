"""The note that should exist in an incident, as a row of the outbox."""

import msgspec
import structlog

from noctuary.common import clock
from noctuary.models.evidence import Evidence
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.notes.note import marker_of, render_note, restate_note, same_apart_from_time

log = structlog.get_logger()

LOOK_FIRST = 0.001
"""A `posting_since` of long ago: a note may exist there already, so the first thing to do is to look."""

Diagnosed = Evidence | None
"""None: what is stored has a form that this program does not know."""


def decode_evidence(row: IncidentRow) -> Diagnosed:
    """Read an incident's stored evidence; None when there is none, or in a form that another version wrote."""
    if row.diagnosis is None:
        return None
    try:
        return msgspec.json.decode(row.diagnosis, type=Evidence)
    except msgspec.MsgspecError as error:
        log.warning("Stored diagnosis has an unknown form, keeping it", incident=row.incident_id, error=str(error))
        return None


def wanted_note(
    owner: RoutingRecord, row: IncidentRow, evidence: Diagnosed, note: NoteRow | None, *, look_first: bool
) -> NoteRow | None:
    """Return the row that asks for the note as it should read now, or None when it reads so already.

    What another integration wanted and never sent is replaced: its marker and its context are not ours.
    """
    if note is not None and owner.id in note.gone_for:
        return None
    if note is not None and (note.may_stand or note.integration_id == owner.id):
        return _edited(owner, row, evidence, note)
    if evidence is None:
        return None
    now, marker = clock.now(), marker_of(owner.id, row.api_url, row.incident_id)
    return NoteRow(
        account=row.account,
        incident_id=row.incident_id,
        integration_id=owner.id,
        marker=marker,
        text=render_note(row, evidence, marker, now),
        created_at=note.created_at if note is not None else now,  # many who take over one by one are one wait
        posting_since=LOOK_FIRST if look_first else None,
        gone_for=note.gone_for if note is not None else [],
        rev=note.rev + 1 if note is not None else 1,
        revision=note.revision if note is not None else 0,
    )


def _edited(owner: RoutingRecord, row: IncidentRow, evidence: Diagnosed, note: NoteRow) -> NoteRow | None:
    now = clock.now()
    if evidence is None:
        text = restate_note(note.text, row, note.marker, now)
    else:
        text = render_note(row, evidence, note.marker, now)
    if same_apart_from_time(note.text, text) and note.integration_id == owner.id:
        return None
    edited = msgspec.structs.replace(note, integration_id=owner.id, text=text, rev=note.rev + 1)
    if note.note_id is not None and note.integration_id != owner.id:
        # The pause was that of another one's token, which may be refused for an hour.
        edited.next_attempt_at, edited.attempts, edited.failed_reason = 0.0, 0, None
    return edited
