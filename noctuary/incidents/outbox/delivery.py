"""One step of a note at PagerDuty: post, look for it, edit, check.

A write whose outcome is unknown is never simply repeated: after a settle time the notes are listed and our marker is
looked for. What may have been doubled is looked at again later; the oldest note stays.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec
import structlog

from noctuary.common import clock
from noctuary.common.errors import PagerDutyError, PagerDutyUnavailable, RevisionConflict
from noctuary.common.metrics import Metrics
from noctuary.incidents.outbox.rows import NoteRows
from noctuary.incidents.timings import Timings
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.notes.note import holds_marker
from noctuary.pagerduty.budget import Need
from noctuary.pagerduty.client import PagerDutyClient, PagerDutyClients
from noctuary.pagerduty.objects import Note
from noctuary.pagerduty.webhook import time_or
from noctuary.store.changes import SaveIntegrationState
from noctuary.store.interface import Store
from noctuary.store.rows import IntegrationState

log = structlog.get_logger()

CLOCK_SLACK_S = 60.0
"""A POST that is remembered for later than this from now was dated by a clock that was ahead."""
DELETED_BY_HAND = "the note was deleted in PagerDuty; it is not written again"


class BegunPost(msgspec.Struct, frozen=True):
    """A first POST, ready to be made as soon as `row`, which says that it begins, is committed instead of `asked`.

    `slot` is held until then, and until the POST was answered.
    """

    record: RoutingRecord
    asked: NoteRow
    row: NoteRow
    slot: AsyncExitStack
    make: Callable[[], Awaitable[None]]


class NoteDelivery:
    """Does the one thing that is due for a note; raises what PagerDuty's client raises."""

    def __init__(
        self, store: Store, clients: PagerDutyClients, rows: NoteRows, metrics: Metrics, timings: Timings
    ) -> None:
        self._store = store
        self._clients = clients
        self._rows = rows
        self._metrics = metrics
        self._timings = timings

    async def advance(self, record: RoutingRecord, row: NoteRow) -> None:
        """Take the next step of a note."""
        client = self._clients.of(record)
        if row.note_id is None and row.posting_since is None:
            await self._post(record, client, row, was_uncertain=False)
        elif row.note_id is None:
            await self._look(record, client, row)
        elif row.rev > row.sent_rev:
            await self._edit(record, client, row)
        else:
            await self._check(client, row)

    async def begun(self, record: RoutingRecord, asked: NoteRow) -> BegunPost | None:
        """Hold the slot of a note's first POST, unless that would have to wait or cannot be made."""
        try:
            client = self._clients.of(record)
            if not client.may_post_at_once:
                return None
            slot = AsyncExitStack()
            await slot.enter_async_context(client.posting())
        except PagerDutyError:  # whose turn is the outbox's tells it
            return None
        row = msgspec.structs.replace(asked, posting_since=clock.now(), attempts=asked.attempts + 1)
        return BegunPost(record, asked, row, slot, lambda: self._make(record, client, row, slot))

    async def _make(self, record: RoutingRecord, client: PagerDutyClient, row: NoteRow, slot: AsyncExitStack) -> None:
        async with slot:
            note = await client.create_note(row.incident_id, row.text)
        await self._posted(record, row, note, "created", sent_rev=row.rev)

    async def _post(self, record: RoutingRecord, client: PagerDutyClient, row: NoteRow, *, was_uncertain: bool) -> None:
        """Commit that a POST begins once it can, then make it: one that waited and died was not sent, for certain."""
        async with client.posting():
            sent_at = clock.now()

            def begin(fresh: NoteRow) -> None:
                if fresh.integration_id != record.id:  # its text and its marker are another one's by now
                    raise RevisionConflict("another integration took the note over")
                fresh.posting_since, fresh.attempts = sent_at, row.attempts + 1
                fresh.check_at = sent_at + self._timings.first_check_s if was_uncertain else fresh.check_at

            begun = await self._rows.record(row, begin)
            note = await client.create_note(begun.incident_id, begun.text)
        await self._posted(record, begun, note, "created", sent_rev=begun.rev)

    async def _look(self, record: RoutingRecord, client: PagerDutyClient, row: NoteRow) -> None:
        """After an uncertain POST: adopt the note if it is listed, else look once more, else post anew."""
        now, since = clock.now(), row.posting_since or 0.0
        if since > now + CLOCK_SLACK_S:
            await self._rows.date_posting(row, now)
            return
        if now < since + self._timings.settle_s:
            await self._rows.postpone(row, since + self._timings.settle_s - now)
            return
        ours = our_notes(await client.notes(row.incident_id), row.marker)
        if ours:
            sent_rev = row.rev if ours[0].content == row.text else row.rev - 1
            await self._posted(record, row, ours[0], "adopted", sent_rev=sent_rev, check_s=self._timings.first_check_s)
        elif now < since + self._timings.last_look_s:
            await self._rows.postpone(row, since + self._timings.last_look_s - now)
        else:
            await self._post(record, client, row, was_uncertain=True)

    async def _edit(self, record: RoutingRecord, client: PagerDutyClient, row: NoteRow) -> None:
        try:
            await client.edit_note(row.incident_id, row.note_id or "", row.text)
        except PagerDutyError as error:
            if error.status != 404:
                raise
            await self._vanished(row)
            return

        def sent(fresh: NoteRow) -> None:
            fresh.sent_rev, fresh.attempts, fresh.failed_reason, fresh.next_attempt_at = row.rev, 0, None, 0.0

        state = IntegrationState(id=record.id, last_note_at=clock.now())
        await self._rows.record(row, sent, SaveIntegrationState(state))
        self._metrics.notes.labels("edited").inc()

    async def _vanished(self, row: NoteRow) -> None:
        """A note that somebody deleted stays deleted: a person decided so."""
        now = clock.now()
        if row.sent_at is not None and abs(now - row.sent_at) < self._timings.young_note_s:
            await self._rows.postpone(row, self._timings.young_retry_s)
            return

        def give_up(fresh: NoteRow) -> None:
            fresh.sent_rev, fresh.failed_reason, fresh.check_at = row.rev, DELETED_BY_HAND, None

        await self._rows.record(row, give_up)
        log.info("Note was deleted by hand", incident=row.incident_id, integration=row.integration_id)

    async def _check(self, client: PagerDutyClient, row: NoteRow) -> None:
        """Make sure that one note of ours is there: the oldest stays, doubles of the same author go."""
        ours = our_notes(await client.notes(row.incident_id, Need.HOUSEKEEPING), row.marker)
        keep = ours[0] if ours else None
        for double in doubles(ours, row.note_id or ""):
            await client.delete_note(row.incident_id, double)
            self._metrics.notes.labels("double_deleted").inc()
            log.warning("Second note deleted", incident=row.incident_id, integration=row.integration_id)

        def checked(fresh: NoteRow) -> None:
            last = (fresh.sent_at or 0.0) + self._timings.last_check_s
            is_first = (row.check_at or last) < last < clock.now() + 2 * self._timings.last_check_s
            fresh.check_at = last if is_first else None
            if keep is not None:
                fresh.note_id = keep.id
                fresh.sent_rev = fresh.rev if keep.content == fresh.text else fresh.rev - 1

        await self._rows.record(row, checked)

    async def _posted(
        self,
        record: RoutingRecord,
        row: NoteRow,
        note: Note,
        outcome: str,
        *,
        sent_rev: int,
        check_s: float | None = None,
    ) -> None:
        now = clock.now()

        def posted(fresh: NoteRow) -> None:
            fresh.note_id, fresh.sent_rev, fresh.sent_at = note.id, sent_rev, now
            fresh.posting_since, fresh.failed_reason = None, None
            fresh.attempts, fresh.next_attempt_at = 0, 0.0
            fresh.check_at = now + check_s if check_s is not None else fresh.check_at

        state = IntegrationState(id=record.id, last_note_at=now)
        await self._rows.record(row, posted, SaveIntegrationState(state))
        self._metrics.notes.labels(outcome).inc()
        incident = await self._store.incident(row.integration_id, row.incident_id)
        if incident is not None and row.sent_at is None:
            self._metrics.note_seconds.observe(max(0.0, now - incident.triggered_at))
        log.info("Note posted", incident=row.incident_id, integration=row.integration_id, outcome=outcome)


def our_notes(notes: list[Note], marker: str) -> list[Note]:
    """Return the notes that end in our marker line, oldest first; they are listed newest first, with whole seconds.

    Raises PagerDutyUnavailable when one is there without its id: it can neither be edited nor written anew.
    """
    ours = [note for note in reversed(notes) if holds_marker(note.content, marker)]
    if not all(note.id for note in ours):
        raise PagerDutyUnavailable("PagerDuty lists our note without its id")
    return sorted(ours, key=lambda note: time_or(note.created_at, 0.0))


def doubles(ours: list[Note], recorded_id: str) -> list[str]:
    """Return the ids of our notes beside the oldest one, also the recorded one when it is not listed yet.

    A note of another author is left alone: somebody may have copied ours.
    """
    if not ours:
        return []
    listed = [note.id for note in ours[1:] if _author(note) == _author(ours[0])]
    shown = {note.id for note in ours}
    return listed if recorded_id in shown or not recorded_id else [*listed, recorded_id]


def _author(note: Note) -> str:
    return note.user.id if note.user is not None else ""
