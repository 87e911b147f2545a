"""How much is worked on at once, so that what matters more finds the event loop and the store free."""

import asyncio
import time

from noctuary.common.errors import NotReady
from noctuary.serving.limits_met import LimitsMet
from webhook_receiver.traffic.pace import Pace, RefusalPace

SLOTS = 64
"""Posted events that are parsed and stored at a time: one half is stored while the next one is gathered."""
CROWDED_SHARE = 4
"""While some are refused so many times fewer: a webhook waits for a quarter of a commit, and no more could be stored
anyway. Commits cost each event more then, which a sender that is not refused need not pay."""
CROWDED_FOR_S = 1.0
"""After the last refusal: as long as who is refused is asked to stay away."""
BYTES_PER_SLOT = 8 * 1024
"""A long batch takes several slots."""
MAX_SLOTS_EACH = SLOTS // 2
"""The longest batches are worked two at a time: one is parsed while one is stored."""
MAX_WAIT_S = 0.1
"""Some ten commits: what waits longer is no burst but more than can be stored, and is told so before it is read."""
MAX_STALL_S = 1.0
"""When the store stands still those who wait are told so after this: they could not know when they came."""


class _Waiting:
    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def give_up(self) -> None:
        if not self.admitted.done():
            self.admitted.set_exception(TimeoutError())


class Admission:
    """Slots for the work of many senders; those who wait take turns by sender, in order of arrival each."""

    def __init__(
        self,
        limits_met: LimitsMet,
        slots: int = SLOTS,
        max_wait_s: float = MAX_WAIT_S,
        max_stall_s: float = MAX_STALL_S,
        pace: Pace | None = None,
    ) -> None:
        self._limits_met = limits_met
        self._slots = slots
        self._used = 0
        self._crowded_until = 0.0
        self._max_wait_s = max_wait_s
        self._max_stall_s = max_stall_s
        self._pace = pace or Pace()
        self._refusals = RefusalPace()
        self._queues: dict[str, dict[_Waiting, None]] = {}
        self._waiting = self._waiting_slots = 0

    @property
    def slots_now(self) -> int:
        """Return how many slots there are at present."""
        is_crowded = time.monotonic() < self._crowded_until
        return -(-self._slots // CROWDED_SHARE) if is_crowded else self._slots

    def has_room(self, sender: str) -> bool:
        """Whether what comes now is begun soon enough; to be asked before any of it is read, and `refuse`d if not."""
        return not self._queues or self.wait_s(sender) <= self._max_wait_s

    async def refuse(self, sender: str) -> NotReady:
        """Return the refusal, at once unless so many are refused that telling them all would keep work waiting."""
        self._crowded_until = time.monotonic() + CROWDED_FOR_S
        delay_s = self._refusals.delay_s()
        if delay_s:
            await asyncio.sleep(delay_s)
        return self._refusal(sender)

    def wait_s(self, sender: str) -> float:
        """Return how long a request that comes now will wait for its turn."""
        turns = len(self._queues.get(sender, ())) + 1
        ahead = min(self._waiting, turns * len(self._queues))
        return self._pace.seconds(ahead * self._waiting_slots / self._waiting) if ahead else 0.0

    async def enter(self, sender: str, size_bytes: int) -> int:
        """Take the slots that a body of this size needs and return how many; raise NotReady when the store stands.

        They are held until as many are given to `leave`.
        """
        slots = min(1 + size_bytes // BYTES_PER_SLOT, MAX_SLOTS_EACH)
        if self._queues or not self._fits(slots):
            await self._wait(sender, slots)
        else:
            self._used += slots
        return slots

    def _fits(self, slots: int) -> bool:
        # What is longer than all there is while it is crowded goes when nothing else does.
        return self._used + slots <= self.slots_now or (self._used == 0 and slots <= self._slots)

    async def _wait(self, sender: str, slots: int) -> None:
        if not self._queues:
            self._pace.begin()
        waiting = _Waiting(slots)
        self._queues.setdefault(sender, {})[waiting] = None
        self._count(waiting, 1)
        timer = asyncio.get_running_loop().call_later(self._max_stall_s, waiting.give_up)
        try:
            await waiting.admitted
        except BaseException as error:
            self._forget(sender, waiting)
            if isinstance(error, TimeoutError):
                raise self._refusal(sender) from None
            raise
        finally:
            timer.cancel()

    def _refusal(self, sender: str) -> NotReady:
        return self._limits_met.refuse("events", "More events come than can be stored", integration=sender)

    def _count(self, waiting: _Waiting, sign: int) -> None:
        self._waiting += sign
        self._waiting_slots += sign * waiting.slots

    def _forget(self, sender: str, waiting: _Waiting) -> None:
        queue = self._queues.get(sender, {})
        if waiting not in queue:  # it was admitted, or passed over, a moment ago
            if waiting.admitted.done() and not waiting.admitted.cancelled() and not waiting.admitted.exception():
                self.leave(waiting.slots)
            return
        del queue[waiting]
        self._count(waiting, -1)
        if not queue:
            del self._queues[sender]
        self.leave(0)  # who stood behind it may fit

    def leave(self, slots: int) -> None:
        """Give slots back, to whoever is next."""
        self._used -= slots
        self._pace.free(slots)
        while self._queues:
            sender, queue = next(iter(self._queues.items()))
            waiting = next(iter(queue))
            is_given_up = waiting.admitted.done()
            if not is_given_up and not self._fits(waiting.slots):
                return
            del self._queues[sender], queue[waiting]
            self._count(waiting, -1)
            if queue:
                self._queues[sender] = queue  # behind all others
            if not is_given_up:
                self._used += waiting.slots
                waiting.admitted.set_result(None)
