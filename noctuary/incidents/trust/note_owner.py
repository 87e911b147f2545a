"""Which integration writes the note of an incident: who has one standing, else the first rank of those proven."""

from collections.abc import Callable, Collection
from enum import Enum, auto
from itertools import islice, takewhile

import msgspec

from noctuary.incidents.trust.proofs import Proofs, age_order
from noctuary.models.incident import IncidentRow, NoteRow
from noctuary.models.routing_record import RoutingRecord

_SPECIFICITY = {"service": 0, "team": 1, "account": 2}

UNCERTAIN_S = 120.0
"""An outcome that is unknown is settled within a minute; who cannot find it out for longer must not keep all others."""


MAX_WAITS = 3
"""Who has several before it waits for three at most: a note that comes later than half a minute helps nobody."""


class Turn(Enum):
    """Whose turn it is, as one integration sees it."""

    OURS = auto()
    WAIT = auto()
    """Another one ranks before us and has not written yet: its own webhook, or its POST, is on its way."""
    THEIRS = auto()
    NOBODYS = auto()
    """We may not write, or do not know that the incident is ours to write about."""


class Verdict(msgspec.Struct, frozen=True):
    """Whose turn it is; `owner` is the other one where there is one.

    `is_taken_along`: the note stands and its writer could go on, if the incident were within his scope still.
    """

    turn: Turn
    owner: RoutingRecord | None = None
    is_taken_along: bool = False


class Claimant(msgspec.Struct, frozen=True):
    """One integration with the incident as PagerDuty showed it to it, who else it was shown to, and the time.

    `wait_s` is how long a note is left to each who may write it first.
    """

    record: RoutingRecord
    row: IncidentRow
    confirmed_by: Collection[str]
    now: float
    wait_s: float

    def has_waited(self, note: NoteRow | None, waits: int) -> bool:
        """Tell whether so many others had their time: since we know of the incident, and since one wanted his note."""
        since = max(self.row.confirmed_at or 0.0, note.created_at if note is not None else 0.0)
        return not since <= self.now < since + waits * self.wait_s  # a clock that was once ahead makes nobody wait


def matches(record: RoutingRecord, row: IncidentRow) -> bool:
    """Tell whether an incident is within an integration's scope."""
    if record.scope.type == "service":
        return record.scope.id == row.service_id
    if record.scope.type == "team":
        return record.scope.id in row.team_ids
    return True


def whose_turn(
    claimant: Claimant, note: NoteRow | None, proofs: Proofs, find: Callable[[str], RoutingRecord | None]
) -> Verdict:
    """Decide whether an integration writes the note of an incident that it confirmed; `note` is the one there is.

    Who has a note standing keeps it while it exists, may write and is not suspended, until the incident was moved out
    of its scope and another one hears of it, or whose answer it keeps may write again. A note that never was sent
    binds nobody for long.
    """
    ours, row = claimant.record, claimant.row
    if not row.account or not ours.writes_notes or ours.suspend or (note is not None and ours.id in note.gone_for):
        return Verdict(Turn.NOBODYS)
    writer = find(note.integration_id) if note is not None else None
    can_keep = note is not None and writer is not None and _goes_on(note, writer, claimant.now, proofs)
    if can_keep and writer is not None and writer.id == ours.id:
        return Verdict(Turn.OURS)
    if not matches(ours, row):
        return Verdict(Turn.NOBODYS)
    if note is not None and note.answer_of == ours.id and _competes(claimant, ours, proofs):
        return Verdict(Turn.OURS)  # whoever took it over from us saw nothing of the incident
    if can_keep and writer is not None and matches(writer, row):
        return Verdict(Turn.THEIRS, writer)
    first = _first(claimant, note, writer, proofs)
    if first is None or first.id == ours.id:
        # Whoever is refused and has no rival writes into the outbox: there the note waits until a person mended it.
        return Verdict(Turn.OURS, is_taken_along=can_keep)
    if note is not None and not _competes(claimant, ours, proofs):
        return Verdict(Turn.THEIRS, first)
    waits = _waits(claimant, note, proofs)
    return (
        Verdict(Turn.OURS, is_taken_along=can_keep) if claimant.has_waited(note, waits) else Verdict(Turn.WAIT, first)
    )


def _goes_on(note: NoteRow, writer: RoutingRecord, now: float, proofs: Proofs) -> bool:
    """Tell whether the writer of a note that stands goes on with it; suspended, he still ends a POST under way."""
    is_paused = writer.suspend and note.note_id is not None
    return _stands(note, now) and proofs.may_write(writer) and not is_paused


def _stands(note: NoteRow, now: float) -> bool:
    """Tell whether PagerDuty has a note, or may have: who takes over after that time looks for its marker first."""
    return note.note_id is not None or abs(now - (note.posting_since or 0.0)) < UNCERTAIN_S


def _first(
    claimant: Claimant, note: NoteRow | None, writer: RoutingRecord | None, proofs: Proofs
) -> RoutingRecord | None:
    """Return who is to write: whoever wants a note already goes on, unless we rank before him; else the first rank."""
    ours, gone_for = claimant.record, note.gone_for if note is not None else []
    is_free = writer is None or writer.id in gone_for or not _competes(claimant, writer, proofs)
    if writer is not None and not is_free and not _rank(ours) < _rank(writer):
        return writer
    candidates = (each for each in proofs.in_scope(claimant.row) if each.id not in gone_for)
    return next((each for each in candidates if _competes(claimant, each, proofs)), None)


def _waits(claimant: Claimant, note: NoteRow | None, proofs: Proofs) -> int:
    """Return how many of those before us have their time one after the other, so that each ends before ours.

    Also who is refused: those behind him waited for him, if he was refused since they know of the incident.
    """
    gone_for = note.gone_for if note is not None else []
    ranks = takewhile(lambda each: each.id != claimant.record.id, proofs.in_scope(claimant.row))
    before = (each for each in ranks if each.id not in gone_for and _is_rival(claimant, each, proofs))
    return max(1, len(list(islice(before, MAX_WAITS))))


def _competes(claimant: Claimant, record: RoutingRecord, proofs: Proofs) -> bool:
    """Tell whether an integration is a proven rival that may write."""
    return proofs.may_write(record) and _is_rival(claimant, record, proofs)


def _is_rival(claimant: Claimant, record: RoutingRecord, proofs: Proofs) -> bool:
    """Tell whether an integration is a proven rival, refused or not: its word alone makes it none."""
    return (
        record.writes_notes
        and not record.suspend
        and proofs.account(record) == claimant.row.account
        and matches(record, claimant.row)
        and (record.id in claimant.confirmed_by or proofs.has_signed(record))
    )


def _rank(record: RoutingRecord) -> tuple[int, float, str, str]:
    return _SPECIFICITY.get(record.scope.type, 3), *age_order(record)
