"""The simulator for tests: a world with its HTTP server, as an async context manager."""

import asyncio
from typing import Any, Self

from testbed.pagerduty.account.account import SimulatedPagerDuty
from testbed.pagerduty.api.gate import Gate
from testbed.pagerduty.api.rest import RestApi
from testbed.pagerduty.program.control import ControlApi, Switch
from testbed.pagerduty.server import LoopbackServer

_LOOK_EVERY_S = 0.005


class PagerDutySimulator(SimulatedPagerDuty):
    """A PagerDuty on a free loopback port, for as long as the context lasts."""

    def __init__(self, *, port: int = 0, **settings: Any) -> None:
        """Take a port (0: a free one) and the settings of `World`."""
        super().__init__(**settings)
        self._port = port
        self._server: LoopbackServer | None = None

    @property
    def url(self) -> str:
        """Base URL of the REST API, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the simulator is not running: enter its context first")
        return self._server.url

    async def __aenter__(self) -> Self:
        app = Switch(Gate(RestApi(self).app(), self), ControlApi(self).app())
        self._server = LoopbackServer(app, self._port)
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.courier.close()
        finally:
            if self._server is not None:
                await self._server.stop()
                self._server = None

    async def drained(self, *, timeout_s: float = 10.0, hurry: bool = False) -> None:
        """Wait until every webhook is accepted or dropped; `hurry` moves the clock over the pauses between retries.

        Raises TimeoutError naming what is still pending.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while self.courier.pending():
                    if hurry and not self.courier.busy() and (seconds := self.clock.next_alarm()) is not None:
                        self.clock.advance(seconds)
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            left = [f"{hook.event_type} {hook.id}" for hook in self.courier.pending()]
            raise TimeoutError(f"after {timeout_s:g} s still pending: {', '.join(left)}") from None
