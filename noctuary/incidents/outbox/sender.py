"""The outbox: brings every wanted note to PagerDuty, exactly one per incident, whatever is lost or killed."""

import asyncio

import structlog

from noctuary.common import clock
from noctuary.common.errors import NotReady, OutcomeUnknown, PagerDutyError, PagerDutyUnavailable, StoreUnavailable
from noctuary.common.tasks import wait_until_set
from noctuary.incidents.outbox.delivery import BegunPost, NoteDelivery
from noctuary.incidents.outbox.retries import Retries, is_held
from noctuary.incidents.outbox.rows import NoteRows
from noctuary.incidents.outbox.under_way import UnderWay
from noctuary.incidents.timings import Timings
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.changes import Mutation, SaveNote
from noctuary.store.interface import Store

log = structlog.get_logger()


class NoteSender:
    """Sends what the outbox asks for; `wake` is set when there may be something to do."""

    def __init__(
        self, store: Store, routing: RoutingDirectory, rows: NoteRows, delivery: NoteDelivery, timings: Timings
    ) -> None:
        self.wake = asyncio.Event()
        self._store = store
        self._routing = routing
        self._rows = rows
        self._delivery = delivery
        self._timings = timings
        self._under_way = UnderWay(store, routing, timings)
        self._tasks: asyncio.TaskGroup | None = None
        self._retries = Retries(store, routing, self.wake)

    def hasten(self, integration_id: str) -> None:
        """Have what waits for an integration sent with the next turn."""
        self._retries.all_of.request(integration_id)

    def answered(self, integration_id: str) -> None:
        """Have one note tried that PagerDuty refused an integration, if there is one: its token is answered."""
        self._retries.answered(integration_id)

    async def run(self) -> None:
        """Send until cancelled; a note whose POST is cut off then counts as uncertain at the next start."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                try:
                    await self._send_all(tasks)
                finally:
                    self._tasks = None  # a group that ends takes up nothing more
        finally:
            await self._under_way.release_all()  # those too whose task never began

    async def _send_all(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self.wake.clear()
            has_more = await self._retries.turn()
            rows = await self._claim()
            for row in rows:
                tasks.create_task(self._send(row))
            if not rows and not has_more:
                await wait_until_set(self.wake, self._timings.poll_s)

    async def commit(self, record: RoutingRecord, *changes: Mutation) -> None:
        """Commit what was decided of an incident; a first note in it is begun with the same commit and sent at once.

        Where it would have to wait, for a slot, its budget or somebody else, it is only asked for, and has its turn.
        Raises StoreUnavailable and RevisionConflict.
        """
        begun = await self._begun(record, changes)
        if begun is None:
            await self._store.commit(*changes)
            self.wake.set()
            return
        try:
            await self._store.commit(*(_instead(each, begun) for each in changes))
            if self._tasks is not None:
                self._tasks.create_task(self._send(begun.asked, begun))
                begun = None
        finally:
            if begun is not None:
                await begun.slot.aclose()
                await self._under_way.end(begun.asked)

    async def _begun(self, record: RoutingRecord, changes: tuple[Mutation, ...]) -> BegunPost | None:
        """Hold what the POST of a first note among changes needs, if nothing must be waited for."""
        asked = next((change.row for change in changes if isinstance(change, SaveNote)), None)
        if asked is None or asked.may_stand or asked.next_attempt_at > clock.now() or self._tasks is None:
            return None
        if not await self._under_way.claim(asked):
            return None
        begun = await self._delivery.begun(record, asked)
        if begun is None:
            await self._under_way.end(asked)
        return begun

    async def _claim(self) -> list[NoteRow]:
        try:
            return await self._under_way.claim_due()
        except NotReady as error:
            log.warning("Outbox cannot be read", error=str(error))
            return []

    async def _send(self, row: NoteRow, begun: BegunPost | None = None) -> None:
        again_at = 0.0
        try:
            await self._advance(row, begun)
        except StoreUnavailable as error:
            log.warning("Outbox cannot be written", incident=row.incident_id, error=str(error))
            self._retries.all_of.store_failed()
        except NotReady as error:
            log.warning("Note was written by others meanwhile", incident=row.incident_id, error=str(error))
            again_at = clock.now() + self._timings.backoff.first_s
        finally:
            await self._under_way.end(row, again_at)
            self.wake.set()

    async def _advance(self, row: NoteRow, begun: BegunPost | None) -> None:
        """Do the one thing that is due for a note; `row` is what it was before it was begun."""
        record = begun.record if begun is not None else self._routing.get(row.integration_id)
        if record is None or (begun is None and is_held(record)):
            await self._hold(row)
            return
        try:
            await self._step(record, row, begun)
        except OutcomeUnknown as error:
            await self._rows.record_uncertain(row, error)
        except PagerDutyUnavailable as error:
            await self._rows.record_unavailable(row, error)
        except PagerDutyError as error:
            if error.status == 404 and row.note_id is None:
                await self._rows.record_gone(record, row, error)
                return
            await self._rows.record_refusal(record, row, error)
            self._retries.refused(record.id, error)
            if self._routing.get(record.id) is not record:  # it was mended while PagerDuty refused it
                self._retries.all_of.request(record.id)
        except NotReady:
            raise
        except Exception as error:
            log.exception("Note could not be sent, retrying", incident=row.incident_id)
            await self._rows.record_broken(record, row, error)

    async def _step(self, record: RoutingRecord, row: NoteRow, begun: BegunPost | None) -> None:
        if begun is not None:
            await begun.make()
        else:
            await self._delivery.advance(record, row)
        if begun is not None or (row.rev > row.sent_rev and row.posting_since is None):  # it was no look at PagerDuty
            self._retries.accepted(row)

    async def _hold(self, row: NoteRow) -> None:
        """Have a note wait for its integration; should that have come back meanwhile, nobody else wakes it."""
        await self._rows.postpone(row, self._timings.held_s)
        self._retries.all_of.request_if_back(row.integration_id)


def _instead(change: Mutation, begun: BegunPost) -> Mutation:
    return SaveNote(begun.row) if isinstance(change, SaveNote) and change.row is begun.asked else change
