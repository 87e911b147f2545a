"""Which notes that wait are sent again, and when: all as the record changes, one after the other while refused."""

import asyncio
import time

from noctuary.common import clock
from noctuary.common.errors import PagerDutyError
from noctuary.incidents.waker import Waker
from noctuary.models.incident import NoteRow
from noctuary.models.routing_record import RoutingRecord
from noctuary.pagerduty.answers import is_fixable
from noctuary.routing.directory import RoutingDirectory
from noctuary.store.interface import Store

TRY_EVERY_S = 60.0
"""How often at most a note that is accepted has a refused one tried: a token may write of some incidents only."""


class Retries:
    """Has notes due that wait; `wake` is set when there are some to send."""

    def __init__(self, store: Store, routing: RoutingDirectory, wake: asyncio.Event) -> None:
        self._tried_at: dict[str, float] = {}  # of whom a note was refused: when an accepted one had it tried last
        self.all_of = Waker(
            routing,
            lambda record: not is_held(record),
            store.integrations_with_notes_due,
            lambda integration_id, limit: store.wake_notes(integration_id, clock.now(), limit),
            wake.set,
        )
        self._one_of = Waker(
            routing,
            lambda record: not is_held(record),
            store.integrations_with_notes_due,
            lambda integration_id, _: store.wake_notes(integration_id, clock.now(), 1),
            wake.set,
            lambda _: False,
        )

    async def turn(self) -> bool:
        """Have some notes due; tell whether there is more to wake."""
        has_more = await self.all_of.turn()
        return await self._one_of.turn() or has_more

    def answered(self, integration_id: str) -> None:
        """Try one note of an integration that was refused one: PagerDuty answers its token, which may write by now."""
        if integration_id in self._tried_at:
            self._one_of.request(integration_id)

    def refused(self, integration_id: str, error: PagerDutyError) -> None:
        """Remember of whom a note waits that PagerDuty refused."""
        if is_fixable(error.status, error.code):
            self._tried_at.setdefault(integration_id, float("-inf"))

    def accepted(self, row: NoteRow) -> None:
        """Try again what waits: all of it after a note that was refused before, one of it after any other."""
        now = time.monotonic()
        if row.failed_reason is not None:
            self._tried_at.pop(row.integration_id, None)
            self.all_of.request(row.integration_id)
        elif now - self._tried_at.get(row.integration_id, now) >= TRY_EVERY_S:
            self._tried_at[row.integration_id] = now
            self._one_of.request(row.integration_id)


def is_held(record: RoutingRecord) -> bool:
    """Tell whether an integration's notes wait for its record to change."""
    return record.suspend or not record.writes_notes
