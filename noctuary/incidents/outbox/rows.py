"""What became of an attempt at a note, written into its row: later, uncertain, unavailable, refused."""

from collections.abc import Callable

import structlog

from noctuary.common import clock
from noctuary.common.errors import OutcomeUnknown, PagerDutyError, PagerDutyUnavailable, RevisionConflict
from noctuary.common.locks import KeyedLocks
from noctuary.common.metrics import Metrics
from noctuary.incidents.failures import failure_state
from noctuary.incidents.timings import Timings
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.answers import is_fixable, of_note
from noctuary.store.changes import Mutation, SaveIntegrationState, SaveNote, VisitRivals
from noctuary.store.interface import Store
from noctuary.store.rows import NoteKey

log = structlog.get_logger()

MAX_ATTEMPTS = 10
"""How often a change is made anew because the updater wrote the row meanwhile; it does so once per webhook."""


MAX_GONE = 5
"""Writes that PagerDuty answers with 404, within some 75 s: it shows a new incident within seconds, a deleted never."""
GONE = "PagerDuty knows no such incident for the API token (any more), so it gets no note"


def key_of(row: NoteRow) -> NoteKey:
    """Return the incident of a note."""
    return row.account, row.incident_id


class NoteRows:
    """Changes rows of the outbox; a text that the updater wrote meanwhile is kept."""

    def __init__(self, store: Store, locks: KeyedLocks, metrics: Metrics, timings: Timings) -> None:
        self._store = store
        self._locks = locks
        self._metrics = metrics
        self._timings = timings

    async def record(self, row: NoteRow, change: Callable[[NoteRow], None], *more: Mutation) -> NoteRow:
        """Make a change on the row as it is stored now and commit it with more; raise StoreUnavailable."""
        async with self._locks.hold(key_of(row)):
            for attempt in range(1, MAX_ATTEMPTS + 1):
                fresh = await self._store.note(*key_of(row)) or row
                change(fresh)
                try:
                    await self._store.commit(SaveNote(fresh), *more)
                except RevisionConflict:
                    if attempt == MAX_ATTEMPTS:
                        raise
                else:
                    return fresh
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _record_own(
        self, row: NoteRow, change: Callable[[NoteRow], None], *more: Mutation, is_unsent: bool = True
    ) -> None:
        """As `record`; a note that another integration took over meanwhile waits for nothing that was answered to us.

        `is_unsent`: it only learns that our POST wrote nothing.
        """

        def of_ours(fresh: NoteRow) -> None:
            if fresh.integration_id == row.integration_id:
                change(fresh)
            elif is_unsent:
                fresh.posting_since = row.posting_since

        await self.record(row, of_ours, *more)

    async def postpone(self, row: NoteRow, pause_s: float, *, counts: bool = False) -> None:
        """Have the row due after a pause; `counts`: as one more attempt."""
        until = clock.now() + pause_s

        def wait(fresh: NoteRow) -> None:
            fresh.next_attempt_at = until
            fresh.attempts = row.attempts + 1 if counts else fresh.attempts

        await self._record_own(row, wait, is_unsent=False)

    async def date_posting(self, row: NoteRow, at: float) -> None:
        """Count an uncertain POST as of a time: when it was, a clock that was ahead hides."""

        def redate(fresh: NoteRow) -> None:
            fresh.posting_since, fresh.next_attempt_at = at, at + self._timings.settle_s

        await self.record(row, redate)

    async def record_uncertain(self, row: NoteRow, error: OutcomeUnknown) -> None:
        """Keep `posting_since`; an edit is simply repeated, because repeating it changes nothing."""
        pause_s = self._timings.settle_s if row.note_id is None else self._timings.backoff.pause_s(row.attempts + 1)
        self._metrics.notes.labels("retried").inc()
        log.warning("Note's outcome is unknown", incident=row.incident_id, error=str(error))
        await self.postpone(row, pause_s, counts=row.note_id is not None)

    async def record_unavailable(self, row: NoteRow, error: PagerDutyUnavailable) -> None:
        """Nothing was applied: what was not uncertain before is not uncertain now."""
        own_s = 0.0 if error.status == 429 else self._timings.backoff.pause_s(row.attempts + 1)
        pause_s = max(error.retry_after_s, own_s)
        until = clock.now() + pause_s

        def wait(fresh: NoteRow) -> None:
            fresh.next_attempt_at, fresh.posting_since = until, row.posting_since
            fresh.attempts = row.attempts + 1

        self._metrics.notes.labels("retried").inc()
        log.info("Note waits for PagerDuty", incident=row.incident_id, error=str(error), seconds=round(pause_s, 1))
        await self._record_own(row, wait)

    async def record_broken(self, record: RoutingRecord, row: NoteRow, error: Exception) -> None:
        """Keep what nobody foresaw as a failure of the integration; a POST under way counts as uncertain."""
        told = PagerDutyError(f"the note met an unexpected error ({type(error).__name__}): see the receiver's log")
        until = clock.now() + self._timings.backoff.pause_s(row.attempts + 1)

        def wait(fresh: NoteRow) -> None:
            fresh.next_attempt_at, fresh.attempts = until, row.attempts + 1

        self._metrics.notes.labels("retried").inc()
        failure = SaveIntegrationState(failure_state(record.id, told, clock.now()))
        await self._record_own(row, wait, failure, is_unsent=False)

    async def record_gone(self, record: RoutingRecord, row: NoteRow, error: PagerDutyError) -> None:
        """Try a few times more; then the integration writes no note of the incident, whatever it is told of it later.

        Others that confirmed it are visited: their tokens may be shown more. Each gives up once.
        """
        now, tries = clock.now(), row.gone_tries + 1
        if tries < MAX_GONE:
            await self._try_again(row, tries, now + self._timings.confirm.pause_s(tries))
            return
        failure = failure_state(record.id, PagerDutyError(f"{GONE} ({error})", error.status, error.code), now)

        def give_up(fresh: NoteRow) -> None:
            fresh.failed_reason, fresh.posting_since, fresh.check_at = GONE, row.posting_since, None
            fresh.sent_rev, fresh.gone_for, fresh.gone_tries = fresh.rev, [*fresh.gone_for, record.id], 0

        rivals = VisitRivals(row.account, row.incident_id, record.id, now)
        await self._record_own(row, give_up, SaveIntegrationState(failure), rivals)
        self._metrics.notes.labels("gone").inc()
        log.warning("Note given up, its incident is gone", incident=row.incident_id, integration=record.id)

    async def _try_again(self, row: NoteRow, tries: int, at: float) -> None:
        def wait(fresh: NoteRow) -> None:
            fresh.gone_tries, fresh.next_attempt_at, fresh.posting_since = tries, at, row.posting_since

        self._metrics.notes.labels("retried").inc()
        log.info("Note waits for its incident to show", incident=row.incident_id, tries=tries)
        await self._record_own(row, wait)

    async def record_refusal(self, record: RoutingRecord, row: NoteRow, error: PagerDutyError) -> None:
        """Keep the reason; what a person can fix is sent again when the integration changes, or in an hour."""
        now, fixable = clock.now(), is_fixable(error.status, error.code)
        failure = failure_state(record.id, of_note(error), now)

        def refused(fresh: NoteRow) -> None:
            fresh.failed_reason, fresh.posting_since, fresh.check_at = (
                failure.last_failure_reason,
                row.posting_since,
                None,
            )
            fresh.next_attempt_at = now + self._timings.refused_retry_s if fixable else 0.0
            fresh.sent_rev = fresh.sent_rev if fixable else row.rev

        # Whoever comes next need not wait for us; what nobody could write is no rival's either.
        rivals = [VisitRivals(row.account, row.incident_id, record.id, now)] if fixable else []
        await self._record_own(row, refused, SaveIntegrationState(failure), *rivals)
        self._metrics.notes.labels("refused").inc()
        log.warning("Note refused", incident=row.incident_id, integration=record.id, error=failure.last_failure_reason)
