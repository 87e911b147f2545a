"""HTTP/1.1 with one server over one connection: a request is written at once, its answer read up to a bound."""

from collections.abc import Mapping

import h11
import httpx

from noctuary.common.egress.answers import Body, Headers, unpack
from noctuary.common.egress.stream import Wire

READ_BYTES = 64 * 1024
MAX_HEAD_BYTES = 64 * 1024
"""PagerDuty's heads have one to two kilobytes."""
MAX_INTERIM_ANSWERS = 16
"""A server that only promises an answer is not heard for ever."""
Timeouts = Mapping[str, float | None]


class Conversation:
    """Calls over one connection, one after another."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)

    @property
    def is_open(self) -> bool:
        """Whether the next call may use the connection: nothing is left of the last one, and nobody closed it."""
        return self._state.our_state is h11.IDLE and not self._wire.has_spoken

    def close(self) -> None:
        """End it at once."""
        self._wire.abort()

    async def ask(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read its whole answer; raise httpx's errors."""
        timeouts: Timeouts = request.extensions.get("timeout", {})
        try:
            await self._send(request, await request.aread(), timeouts.get("write"))
            answer = await self._answer(timeouts.get("read"))
            headers, body = await self._body(answer, timeouts.get("read"))
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        self._finish()
        told = {"http_version": b"HTTP/" + answer.http_version, "reason_phrase": answer.reason}
        return httpx.Response(answer.status_code, headers=headers, content=body, extensions=told)

    async def _send(self, request: httpx.Request, body: bytes, timeout_s: float | None) -> None:
        try:
            head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
            parts = [self._state.send(head), self._state.send(h11.Data(body)) if body else b""]
            parts.append(self._state.send(h11.EndOfMessage()))
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        try:
            await self._wire.send(b"".join(part for part in parts if part), timeout_s)
        except httpx.WriteError:
            return  # a server may refuse before it has read all, and its answer says why

    async def _answer(self, timeout_s: float | None) -> h11.Response:
        for _ in range(MAX_INTERIM_ANSWERS):
            event = await self._event(timeout_s)
            if isinstance(event, h11.Response):
                return event
        raise httpx.RemoteProtocolError("the server only promises an answer")

    async def _body(self, answer: h11.Response, timeout_s: float | None) -> tuple[Headers, bytes]:
        body = Body()
        while isinstance(event := await self._event(timeout_s), h11.Data):
            body.add(bytes(event.data))
        return unpack(answer.headers.raw_items(), body.whole())

    async def _event(self, timeout_s: float | None) -> object:
        while True:
            event = self._state.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._state.receive_data(await self._wire.read(READ_BYTES, timeout_s))

    def _finish(self) -> None:
        """Make it ready for the next call, unless something is left: that would pass for the next one's answer."""
        states = {self._state.our_state, self._state.their_state}
        if states == {h11.DONE} and not self._state.trailing_data[0]:
            self._state.start_next_cycle()
