"""The outbox: brings every wanted note to PagerDuty, exactly one per incident, whatever is lost or killed.

A write whose outcome is unknown is never simply repeated: after a settle time the notes are listed and our marker is
looked for. What may have been doubled is looked at again later; the oldest note stays.
"""

import asyncio
import random
from collections.abc import Callable

import structlog

from noctuary.common import clock
from noctuary.common.errors import OutcomeUnknown, PagerDutyError, PagerDutyUnavailable, StoreUnavailable
from noctuary.common.locks import KeyedLocks
from noctuary.common.metrics import Metrics
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.timings import Timings
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.notes.note import holds_marker
from noctuary.pagerduty.answers import is_fixable
from noctuary.pagerduty.client import PagerDutyClient, PagerDutyClients
from noctuary.pagerduty.objects import Note
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import IntegrationState, Mutation, SaveIntegrationState, SaveNote, Store

log = structlog.get_logger()

MAX_AT_ONCE = 32
MAX_REASON_CHARS = 300
MAX_BLOCKED = 10_000
DELETED_BY_HAND = "the note was deleted in PagerDuty; it is not written again"
_Key = tuple[str, str]


class NoteSender:
    """Sends what the outbox asks for; `wake` is set when there may be something to do."""

    def __init__(
        self,
        store: Store,
        routing: RoutingDirectory,
        clients: PagerDutyClients,
        locks: KeyedLocks,
        metrics: Metrics,
        timings: Timings,
    ) -> None:
        self.wake = asyncio.Event()
        self._store = store
        self._routing = routing
        self._clients = clients
        self._locks = locks
        self._metrics = metrics
        self._timings = timings
        self._sending: set[_Key] = set()
        self._blocked: dict[str, set[_Key]] = {}
        self._changed: set[str] = set()
        routing.subscribe(self._on_record_change)

    async def run(self) -> None:
        """Send until cancelled; a note whose POST is cut off then counts as uncertain at the next start."""
        await self._unblock_after_start()
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.wake.clear()
                rows = await self._due()
                for row in rows:
                    self._sending.add(_key(row))
                    tasks.create_task(self._send(row))
                if not rows:
                    await wait_until_set(self.wake, self._timings.poll_s)

    async def _due(self) -> list[NoteRow]:
        room = MAX_AT_ONCE - len(self._sending)
        if room <= 0:
            return []
        try:
            await self._unblock_changed()
            rows = await self._store.due_notes(clock.now(), MAX_AT_ONCE + len(self._sending))
        except StoreUnavailable as error:
            log.warning("Outbox cannot be read", problem=str(error))
            return []
        return [row for row in rows if _key(row) not in self._sending][:room]

    async def _send(self, row: NoteRow) -> None:
        try:
            await self._advance(row)
        except StoreUnavailable as error:
            log.warning("Outbox cannot be written", problem=str(error))
            await asyncio.sleep(self._timings.first_backoff_s)
        except Exception:
            log.exception("Note could not be sent, it is tried again", incident=row.incident_id)
            await asyncio.sleep(self._timings.longest_backoff_s)
        finally:
            self._sending.discard(_key(row))
            self.wake.set()

    async def _advance(self, row: NoteRow) -> None:
        """Do the one thing that is due for a note."""
        integration = self._routing.get(row.integration_id)
        if integration is None or integration.record.suspend or not integration.record.writes_notes:
            self._blocked.setdefault(row.integration_id, set()).add(_key(row))
            await self._later(row, self._timings.held_s)
            return
        record = integration.record
        try:
            await self._step(record, self._clients.of(record), row)
        except OutcomeUnknown as error:
            await self._uncertain(row, error)
        except PagerDutyUnavailable as error:
            await self._back_off(row, error)
        except PagerDutyError as error:
            await self._refused(record, row, error)

    async def _step(self, record: RoutingRecord, client: PagerDutyClient, row: NoteRow) -> None:
        if row.note_id is None and row.posting_since is None:
            await self._post(record, client, row, was_uncertain=False)
        elif row.note_id is None:
            await self._look(record, client, row)
        elif row.rev > row.sent_rev:
            await self._edit(record, client, row)
        else:
            await self._check(client, row)

    async def _post(self, record: RoutingRecord, client: PagerDutyClient, row: NoteRow, *, was_uncertain: bool) -> None:
        sent_at = clock.now()

        def begin(fresh: NoteRow) -> None:
            fresh.posting_since, fresh.attempts = sent_at, row.attempts + 1
            fresh.check_at = sent_at + self._timings.first_check_s if was_uncertain else fresh.check_at

        row = await self._record(row, begin)
        note = await client.create_note(row.incident_id, row.text)
        await self.on_posted(row)
        await self._posted(record, row, note, "created", sent_rev=row.rev)

    async def on_posted(self, row: NoteRow) -> None:
        """Do nothing; where a crash between PagerDuty's answer and our record of it is tried out in tests."""

    async def _look(self, record: RoutingRecord, client: PagerDutyClient, row: NoteRow) -> None:
        """After an uncertain POST: adopt the note if it stands there, else look once more, else post anew."""
        now, since = clock.now(), row.posting_since or 0.0
        if now < since + self._timings.settle_s:
            await self._later(row, since + self._timings.settle_s - now)
            return
        ours = our_notes(await client.notes(row.incident_id), row.marker)
        if ours:
            sent_rev = row.rev if ours[0].content == row.text else row.rev - 1
            await self._posted(record, row, ours[0], "adopted", sent_rev=sent_rev, check_s=self._timings.first_check_s)
        elif now < since + self._timings.last_look_s:
            await self._later(row, since + self._timings.last_look_s - now)
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

        await self._record(row, sent, SaveIntegrationState(IntegrationState(id=record.id, last_note_at=clock.now())))
        self._metrics.notes.labels("edited").inc()

    async def _vanished(self, row: NoteRow) -> None:
        """A note that somebody deleted stays deleted: a person decided so."""
        now = clock.now()
        if row.sent_at is not None and now - row.sent_at < self._timings.young_note_s:
            await self._later(row, self._timings.young_retry_s)
            return

        def give_up(fresh: NoteRow) -> None:
            fresh.sent_rev, fresh.failed_reason, fresh.check_at = row.rev, DELETED_BY_HAND, None

        await self._record(row, give_up)
        log.info("Note was deleted by hand", incident=row.incident_id, integration=row.integration_id)

    async def _check(self, client: PagerDutyClient, row: NoteRow) -> None:
        """Make sure that one note of ours stands there: the oldest stays, doubles of the same author go."""
        ours = our_notes(await client.notes(row.incident_id), row.marker)
        keep = ours[0] if ours else None
        for double in doubles(ours, row.note_id or ""):
            await client.delete_note(row.incident_id, double)
            self._metrics.notes.labels("double_deleted").inc()
            log.warning("Second note deleted", incident=row.incident_id, integration=row.integration_id)

        def checked(fresh: NoteRow) -> None:
            last = (fresh.sent_at or 0.0) + self._timings.last_check_s
            fresh.check_at = last if (row.check_at or last) < last else None
            if keep is not None:
                fresh.note_id = keep.id
                fresh.sent_rev = fresh.rev if keep.content == fresh.text else fresh.rev - 1

        await self._record(row, checked)

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

        await self._record(row, posted, SaveIntegrationState(IntegrationState(id=record.id, last_note_at=now)))
        self._metrics.notes.labels(outcome).inc()
        incident = await self._store.incident(row.account, row.incident_id)
        if incident is not None and row.sent_at is None:
            self._metrics.note_seconds.observe(max(0.0, now - incident.triggered_at))
        log.info("Note stands", incident=row.incident_id, integration=row.integration_id, outcome=outcome)

    async def _uncertain(self, row: NoteRow, error: OutcomeUnknown) -> None:
        """Keep `posting_since`; an edit is simply repeated, because repeating it changes nothing."""
        pause_s = self._timings.settle_s if row.note_id is None else self._timings.backoff_s(row.attempts)
        self._metrics.notes.labels("retried").inc()
        log.warning("Note's fate is unknown", incident=row.incident_id, problem=str(error))
        await self._later(row, pause_s, counts=row.note_id is not None)

    async def _back_off(self, row: NoteRow, error: PagerDutyUnavailable) -> None:
        """Nothing was applied: what was not uncertain before is not uncertain now."""
        pause_s = max(error.retry_after_s, 0.0 if error.status == 429 else self._timings.backoff_s(row.attempts))
        until = clock.now() + pause_s * random.uniform(1.0, 1.1)  # noqa: S311 - spreads retries, guards nothing

        def wait(fresh: NoteRow) -> None:
            fresh.next_attempt_at, fresh.posting_since = until, row.posting_since
            fresh.attempts = row.attempts + 1

        self._metrics.notes.labels("retried").inc()
        log.info("Note waits", incident=row.incident_id, problem=str(error), seconds=round(pause_s, 1))
        await self._record(row, wait)

    async def _refused(self, record: RoutingRecord, row: NoteRow, error: PagerDutyError) -> None:
        """Keep the reason; what a person can mend is tried again when the integration changes."""
        now, reason, fixable = clock.now(), str(error)[:MAX_REASON_CHARS], is_fixable(error)

        def refused(fresh: NoteRow) -> None:
            fresh.failed_reason, fresh.posting_since, fresh.check_at = reason, row.posting_since, None
            fresh.next_attempt_at = now + self._timings.refused_retry_s if fixable else 0.0
            fresh.sent_rev = fresh.sent_rev if fixable else row.rev

        if fixable:
            self._blocked.setdefault(record.id, set()).add(_key(row))
        failure = IntegrationState(id=record.id, last_failure_at=now, last_failure_reason=reason)
        await self._record(row, refused, SaveIntegrationState(failure))
        self._metrics.notes.labels("refused").inc()
        log.warning("Note refused", incident=row.incident_id, integration=record.id, problem=reason)

    async def _later(self, row: NoteRow, pause_s: float, *, counts: bool = False) -> None:
        until = clock.now() + pause_s

        def wait(fresh: NoteRow) -> None:
            fresh.next_attempt_at = until
            fresh.attempts = row.attempts + 1 if counts else fresh.attempts

        await self._record(row, wait)

    async def _record(self, row: NoteRow, change: Callable[[NoteRow], None], *more: Mutation) -> NoteRow:
        """Change the stored row, which the desk may have given a newer text meanwhile, and commit."""
        async with self._locks.hold(_key(row)):
            fresh = await self._store.note(row.account, row.incident_id) or row
            change(fresh)
            await self._store.commit(SaveNote(fresh), *more)
        return fresh

    def _on_record_change(self, integration_id: str) -> None:
        self._changed.add(integration_id)
        self.wake.set()

    async def _unblock_changed(self) -> None:
        while self._changed:
            integration_id = next(iter(self._changed))
            for account, incident_id in list(self._blocked.get(integration_id, ())):
                row = await self._store.note(account, incident_id)
                if row is not None:
                    await self._later(row, 0.0)
            self._changed.discard(integration_id)
            self._blocked.pop(integration_id, None)

    async def _unblock_after_start(self) -> None:
        """Try again what was refused before we started: the record may have changed meanwhile."""
        try:
            rows = await self._store.due_notes(clock.now() + self._timings.refused_retry_s, MAX_BLOCKED)
            for row in rows:
                if row.failed_reason is not None and row.next_attempt_at > clock.now():
                    await self._later(row, 0.0)
        except StoreUnavailable as error:
            log.warning("Refused notes wait for their hour", problem=str(error))


def our_notes(notes: list[Note], marker: str) -> list[Note]:
    """Return the notes that end in our marker line, oldest first."""
    return sorted((note for note in notes if holds_marker(note.content, marker)), key=lambda n: n.created_at or "")


def doubles(ours: list[Note], recorded_id: str) -> list[str]:
    """Return the ids of our notes beside the oldest one, also the recorded one when it does not show yet.

    A note of another author is left alone: somebody may have copied ours.
    """
    if not ours:
        return []
    listed = [note.id for note in ours[1:] if _author(note) == _author(ours[0])]
    shown = {note.id for note in ours}
    return listed if recorded_id in shown or not recorded_id else [*listed, recorded_id]


def _author(note: Note) -> str:
    return note.user.id if note.user is not None else ""


def _key(row: NoteRow) -> _Key:
    return row.account, row.incident_id
