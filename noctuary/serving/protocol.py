"""HTTP/1.1 of a port: uvicorn's protocol, with every byte counted before it is kept."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from noctuary.serving.connections import Connections, Phase, share_key
from noctuary.serving.parsing import BODY, HEAD, IDLE, CountingProtocol
from noctuary.serving.read_turns import ReadTurns
from noctuary.serving.refusals import MALFORMED, Refusal, RequestRefused, plain_answer
from noctuary.serving.transport import KernelSide, LingeringTransport

HEAD_TIMEOUT_S = 10.0
"""From the first byte of a head to its last: it is one packet."""
MESSAGE_TIMEOUT_S = 15.0
"""From the head to the last byte of the body; the body itself is waited for 10 s, then the sender may read why not."""
ANSWER_TIMEOUT_S = 10.0
"""A sender that does not take its answer for so long is gone."""
LINGER_S = 2.0
"""After an answer that ends the connection early the sender may read it before what it sends is refused."""
SENT_POLL_S = 0.05
"""How often a sender that is slow to take its answer is looked at."""


class BoundedProtocol(CountingProtocol):
    """One connection of a port: its place among others, its turns, its time, and what it is refused for."""

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._table = connections
        self.since = time.monotonic()
        self._is_deaf = False
        self.was_answered = False
        self._kernel: KernelSide | None = None
        self._write_paused_at: float | None = None

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place among the connections, or end at once."""
        self._kernel = KernelSide(transport)
        super().connection_made(LingeringTransport(transport, self._linger))
        self.address = share_key(self.client[0] if self.client else "")
        if self._table.add(self):
            self.loop.call_soon(self._wait_when_silent)  # the transport reads as soon as this returns
        else:
            self._is_deaf = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._table.remove(self)
        self._hold_head(0)
        if self._kernel is not None:
            self._table.forget_turns(self._kernel.file)
            self._kernel.end()
        super().connection_lost(exc)
        self._let_go()

    def _let_go(self) -> None:
        """Hold nothing that holds the connection: what ended is freed at once, without the garbage collector."""
        if self.cycle is None or self.cycle.response_complete:
            self.cycle = self.scope = None  # type: ignore[assignment]  # as uvicorn begins them
            if isinstance(self.transport, LingeringTransport):
                self.transport.let_go()

    @property
    def phase(self) -> Phase:
        """Return what the connection is doing."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return self.reading if self.reading is not IDLE or not is_answering else Phase.ANSWER

    def overdue(self, now: float) -> str | None:
        """Return which limit of time was passed; an empty text for a connection that was only idle or is ending."""
        age = now - self.since
        if self._write_paused_at is not None and now - self._write_paused_at > ANSWER_TIMEOUT_S:
            return "answer_time"
        if self._is_deaf:
            return "" if age > LINGER_S and self.phase is not Phase.ANSWER else None
        if self.transport.is_closing():
            return "answer_time" if age > ANSWER_TIMEOUT_S else None
        if self.flow.read_paused:  # it is us who do not read
            return None
        match self.phase:
            case Phase.HEAD:
                return "head_time" if age > HEAD_TIMEOUT_S else None
            case Phase.BODY:
                return "message_time" if age > MESSAGE_TIMEOUT_S else None
            case Phase.IDLE:
                return "" if age > self.timeout_keep_alive else None
        return None

    def cut(self) -> None:
        """End it at once."""
        self._is_deaf = True
        self.transport.abort()

    def shutdown(self) -> None:
        """End it when its answer is sent, at once when it has none to send."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            self.cycle.keep_alive = False

    def _linger(self) -> bool:
        """Return whether the other side still sends, so that closing now would lose it the answer."""
        is_sending = self.reading is not IDLE
        self._is_deaf = True
        self.since = time.monotonic()
        return is_sending

    # What is read

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser, never more at once than may be kept."""
        if self._is_deaf:
            return
        self._arrived_at = time.perf_counter()
        if self.reading is IDLE:
            self._enter(HEAD)
            self._head_bytes = self._unread = 0
            if self._kernel is not None:
                self._arrived_at -= self._kernel.age_s()
        try:
            self._feed(data)
            if self.reading is IDLE and self.cycle is not None and self.cycle.response_complete:
                self._wait_for_turn(self._table.turns)  # it was answered before its last byte came
        except httptools.HttpParserError:
            self._refuse(self._refusal or MALFORMED)
        except RequestRefused as refused:
            self._refuse(refused.refusal)

    def _wait_when_silent(self) -> None:
        if self.reading is IDLE and not self._arrived_at:
            self._wait_for_turn(self._table.first_turns)

    def _wait_for_turn(self, turns: ReadTurns) -> None:
        """Leave what comes next in the kernel until it is this connection's turn to be read."""
        kernel = self._kernel
        if kernel is not None and kernel.is_readable and not self.transport.is_closing():
            kernel.pause()
            turns.wait(kernel.file, self._take_turn, self.address)

    def _take_turn(self) -> None:
        """Read what came; what is no whole request, and its end, is then read as it comes."""
        if self._kernel is None or self.transport.is_closing():
            return
        data = self._kernel.read()
        if data:
            self.data_received(data)
        if (not data or self.reading is not IDLE) and not self.flow.read_paused:
            self._kernel.resume()

    # What is written

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what cannot be served, or end the connection behind the answers that are under way."""
        self._table.tell(refusal.limit, address=self.address)
        self._is_deaf = True
        self._hold_head(0)
        newest = self.cycle
        if newest is None or newest.response_complete:
            is_answered = self.reading is BODY
        elif self.reading is not BODY:
            newest.keep_alive = False
            return
        else:
            is_answered = newest.response_started or bool(self.pipeline)
            newest.disconnected = True
            newest.message_event.set()
        if not is_answered:
            self.transport.write(plain_answer(refusal))
        self.transport.close()

    def on_response_complete(self) -> None:
        """Serve the next request of the connection, or wait for one."""
        self.server_state.total_requests += 1
        self.was_answered = True
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self.reading is IDLE:
            self.since = time.monotonic()
            self._wait_for_turn(self._table.first_turns if self.scope.get("goes_first") else self._table.turns)

    def when_sent(self, tell: Callable[[], None]) -> None:
        """Call back when all that was written is with the kernel; never when the connection is lost before."""
        if self.transport.get_write_buffer_size() == 0:
            tell()
        elif not self.transport.is_closing():
            self.loop.call_later(SENT_POLL_S, self.when_sent, tell)

    def pause_writing(self) -> None:
        """Wait for a sender that does not take its answers."""
        self._write_paused_at = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on: it took them."""
        self._write_paused_at = None
        super().resume_writing()
