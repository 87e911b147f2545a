"""Wakes what waits for an integration as soon as its record is loaded or changes, some at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from noctuary.common.errors import NotReady
from noctuary.models.routing_record import RoutingRecord
from noctuary.routing.directory import RoutingDirectory

log = structlog.get_logger()

WAKE_AT_ONCE = 500
"""Rows of one integration that are due again in one commit: ten milliseconds of writing, then others come."""
STORE_PAUSE_S = 1.0
"""A turn waits so long after the store could not read or write: what is done meanwhile could not be recorded."""


def _always(_: str) -> bool:
    return True


class Waker:
    """Follows the routing table; `waiting` tells of whom something waits, `wake` has some of one integration's due.

    `concerns` is told of every change of a record, and tells whether it wakes anything.
    """

    def __init__(
        self,
        routing: RoutingDirectory,
        may_work: Callable[[RoutingRecord], bool],
        waiting: Callable[[], Awaitable[list[str]]],
        wake: Callable[[str, int], Awaitable[int]],
        on_change: Callable[[], None],
        concerns: Callable[[str], bool] = _always,
    ) -> None:
        self._routing = routing
        self._may_work = may_work
        self._waiting = waiting
        self._wake = wake
        self._on_change = on_change
        self._changed: set[str] | None = None
        self._left: dict[str, None] = {}
        self._is_store_down = False
        self._concerns = concerns
        routing.subscribe(self._on_record_change)

    def _on_record_change(self, integration_id: str) -> None:
        if self._concerns(integration_id):
            self.request(integration_id)

    def request(self, integration_id: str) -> None:
        """Wake what waits for an integration with the next turn; before the first turn everybody is asked for."""
        if self._changed is not None:
            self._changed.add(integration_id)
        self._on_change()

    def request_if_back(self, integration_id: str) -> None:
        """Do so if it may be worked for: it came back while somebody was putting its work aside."""
        record = self._routing.get(integration_id)
        if record is not None and self._may_work(record):
            self.request(integration_id)

    def store_failed(self) -> None:
        """Have the next turn wait until the store may have recovered."""
        self._is_store_down = True

    async def turn(self) -> bool:
        """Wake some of one integration's; tell whether there is more to wake."""
        if self._is_store_down:
            self._is_store_down = False
            await asyncio.sleep(STORE_PAUSE_S)
        try:
            return await self._turn()
        except NotReady as error:
            log.warning("What waits for an integration cannot be woken", error=str(error))
            self.store_failed()
            return False

    async def _turn(self) -> bool:
        if self._changed != set():
            await self._look()
        integration_id = next(iter(self._left), None)
        if integration_id is None:
            return False
        record = self._routing.get(integration_id)
        woken = 0
        if record is not None and self._may_work(record):
            woken = await self._wake(integration_id, WAKE_AT_ONCE)
        del self._left[integration_id]
        if woken == WAKE_AT_ONCE:
            self._left[integration_id] = None
        return bool(self._left)

    async def _look(self) -> None:
        """Find of whom something waits among those that changed: most have nothing."""
        asked, self._changed = self._changed, set()
        try:
            waiting = await self._waiting()
        except BaseException:
            self._changed = None if asked is None else self._changed | asked
            raise
        self._left |= dict.fromkeys(each for each in waiting if asked is None or each in asked)
