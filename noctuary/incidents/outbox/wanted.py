"""The note that should exist in an incident, as a row of the outbox."""

import msgspec
import structlog

from noctuary.common import clock
from noctuary.incidents.episodes import is_another_episode
from noctuary.models.diagnosis import Verdict
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
    owner: RoutingRecord,
    row: IncidentRow,
    evidence: Diagnosed,
    note: NoteRow | None,
    *,
    look_first: bool,
    author: IncidentRow | None = None,
) -> NoteRow | None:
    """Return the row that asks for the note as it should read now, or None when it reads so already.

    What another integration wanted and never sent is replaced: its marker and its context are not ours. `author` is
    the incident as the one has it whose answer stands in the note, where that is another one.
    """
    if note is not None and owner.id in note.gone_for:
        return None
    if note is not None and (note.may_stand or note.integration_id == owner.id):
        return _edited(owner, row, evidence, note, author)
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


def _edited(
    owner: RoutingRecord, row: IncidentRow, evidence: Diagnosed, note: NoteRow, author: IncidentRow | None
) -> NoteRow | None:
    now = clock.now()
    kept = author if author is not None and _has_only_his_answer(author, row, evidence) else None
    if evidence is None or kept is not None:
        text = restate_note(note.text, row, note.marker, now)
    else:
        text = render_note(row, evidence, note.marker, now)
    if same_apart_from_time(note.text, text) and note.integration_id == owner.id:
        return None
    answer_of = kept.integration_id if kept is not None else None
    edited = msgspec.structs.replace(note, integration_id=owner.id, text=text, rev=note.rev + 1, answer_of=answer_of)
    if note.integration_id != owner.id:
        # The pause was that of another one's token, which may be refused for an hour.
        edited.next_attempt_at, edited.attempts, edited.failed_reason = 0.0, 0, None
    return edited


def _has_only_his_answer(author: IncidentRow, row: IncidentRow, evidence: Diagnosed) -> bool:
    """Tell whether we saw nothing of an incident, and the answer in its note is of it as it is now, by the same API."""
    theirs = decode_evidence(author)
    return (
        evidence is not None
        and evidence.diagnosis.verdict is Verdict.NEVER_SEEN
        and theirs is not None
        and theirs.diagnosis.verdict is not Verdict.NEVER_SEEN
        and author.api_url == row.api_url
        and not is_another_episode(theirs, row, author)
    )
