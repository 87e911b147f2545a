"""How much is worked on at once, so that what matters more finds the event loop and the store free."""

import asyncio

from webhook_receiver.traffic.limits_met import LimitsMet

SLOTS = 32
"""Posted events that are parsed and stored at a time: they fill a commit, and webhooks wait for a few milliseconds."""
BYTES_PER_SLOT = 16 * 1024
"""A long batch takes several slots."""
MAX_SLOTS_EACH = SLOTS // 2
"""The longest batches are worked two at a time: one is parsed while one is stored."""
MAX_WAIT_S = 4.0
"""A burst is over by then, and senders wait for five seconds; who would wait longer is asked to come again."""


class _Waiting:
    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Admission:
    """Slots for the work of many senders; those who wait take turns by sender, in order of arrival each."""

    def __init__(self, limits_met: LimitsMet, slots: int = SLOTS, max_wait_s: float = MAX_WAIT_S) -> None:
        self._limits_met = limits_met
        self._free = slots
        self._max_wait_s = max_wait_s
        self._queues: dict[str, dict[_Waiting, None]] = {}

    async def enter(self, sender: str, size_bytes: int) -> int:
        """Take the slots that a body of this size needs and return how many; raise NotReady after too long a wait.

        They are held until as many are given to `leave`.
        """
        slots = min(1 + size_bytes // BYTES_PER_SLOT, MAX_SLOTS_EACH)
        if self._queues or self._free < slots:
            await self._wait(sender, slots)
        else:
            self._free -= slots
        return slots

    async def _wait(self, sender: str, slots: int) -> None:
        waiting = _Waiting(slots)
        self._queues.setdefault(sender, {})[waiting] = None
        try:
            async with asyncio.timeout(self._max_wait_s):
                await waiting.admitted
        except BaseException as error:
            self._forget(sender, waiting)
            if isinstance(error, TimeoutError):
                raise self._limits_met.refuse(
                    "events", "More events come than can be stored", integration=sender
                ) from None
            raise

    def _forget(self, sender: str, waiting: _Waiting) -> None:
        if waiting.admitted.done() and not waiting.admitted.cancelled():
            self.leave(waiting.slots)
            return
        queue = self._queues.get(sender, {})
        queue.pop(waiting, None)
        if not queue:
            self._queues.pop(sender, None)
        self.leave(0)  # who stood behind it may fit

    def leave(self, slots: int) -> None:
        """Give slots back, to whoever is next."""
        self._free += slots
        while self._queues:
            sender, queue = next(iter(self._queues.items()))
            waiting = next(iter(queue))
            is_given_up = waiting.admitted.done()
            if not is_given_up and waiting.slots > self._free:
                return
            del self._queues[sender], queue[waiting]
            if queue:
                self._queues[sender] = queue  # behind all others
            if not is_given_up:
                self._free -= waiting.slots
                waiting.admitted.set_result(None)
