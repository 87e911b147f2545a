"""A receiver that answers as it is told and remembers every request: the other end for tests of the delivery itself."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from testbed.pagerduty.server import LoopbackServer

HANG = 0
"""An answer that never comes."""

_LONGEST_HANG_S = 30.0


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event in the body."""
        event: dict[str, Any] = json.loads(self.body)["event"]
        return event


class ScriptedReceiver:
    """Gives the scripted answers in order, then `default`; `HANG` keeps the caller waiting."""

    def __init__(self, *answers: int, default: int = 202) -> None:
        self.received: list[Received] = []
        self.default = default
        self._answers = deque(answers)
        self._server = LoopbackServer(self._app)
        self.url = self._server.url + "/webhooks"

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()

    def event_types(self) -> list[str]:
        """Return the types of what came, in order."""
        return [received.event["event_type"] for received in self.received]

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.received.append(Received(dict(request.headers), await request.body()))
        status = self._answers.popleft() if self._answers else self.default
        if status == HANG:
            await _disconnected(receive)
            return
        await Response(status_code=status)(scope, receive, send)


async def _disconnected(receive: Receive) -> None:
    async with asyncio.timeout(_LONGEST_HANG_S):
        while (await receive())["type"] != "http.disconnect":
            pass
