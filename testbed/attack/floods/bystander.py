"""The second tenant: its incidents fire at a steady pace, and health is asked for, whatever happens to the release."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from testbed.attack.accounts import AttackedAccount
from testbed.attack.floods.steps import steps_of
from testbed.attack.patience import wait
from testbed.attack.place import Place

EVERY_S = 0.2
"""Five incidents a second over all services: a very bad day, yet of no token a storm, which lists would confirm."""
HEALTH_EVERY_S = 0.5
HEALTH_TIMEOUT_S = 5.0
"""As the chart's probes have it."""
NOTE_PATIENCE_S = 20.0
"""A note that does not stand this long after the flood is lost."""


@dataclass
class Watched:
    """What the second tenant saw."""

    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    sick: int = 0
    asked: int = 0
    slowest: str = ""

    @property
    def p99_s(self) -> float:
        """Of the time from the webhook's first byte to the note."""
        return p99(self.seconds)


def p99(seconds: Sequence[float]) -> float:
    """Return what all but one in a hundred stay below; without any, the patience for one note."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else NOTE_PATIENCE_S


class Bystander:
    """Watches until it is told to stop."""

    def __init__(self, place: Place, account: AttackedAccount, services: Sequence[str]) -> None:
        self._place = place
        self._account = account
        self._services = itertools.cycle(services)
        self._incidents: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.seen = Watched()

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._fire()), asyncio.create_task(self._ask_health())]

    async def stop(self) -> Watched:
        """End, wait for the notes that are due, and return what was seen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await wait(lambda: all(self._account.notes(each) for each in self._incidents), NOTE_PATIENCE_S)
        for incident in self._incidents:
            self._count(incident)
        if self._incidents:
            slowest = max(zip(self.seen.seconds, self._incidents, strict=True))
            self.seen.slowest = f"{slowest[0]:.2f} s: {steps_of(self._place.accounts, self._account, slowest[1])}"
        return self.seen

    def _count(self, incident: str) -> None:
        notes, timing = len(self._account.notes(incident)), self._account.timings[incident]
        self.seen.lost += notes == 0
        self.seen.doubled += max(0, notes - 1)
        self.seen.seconds.append(timing.seconds_to_first_note or NOTE_PATIENCE_S)

    async def _fire(self) -> None:
        started, number = time.monotonic(), 0
        while True:
            self._incidents.append(self._account.trigger(next(self._services), f"Page {number}").id)
            number += 1
            await asyncio.sleep(max(0.0, started + number * EVERY_S - time.monotonic()))

    async def _ask_health(self) -> None:
        ports = self._place.release.internal_port
        async with httpx.AsyncClient(timeout=HEALTH_TIMEOUT_S, trust_env=False) as client:
            while True:
                for page in ("readyz", "healthz"):
                    self.seen.asked += 1
                    self.seen.sick += not await _is_ok(client, f"http://127.0.0.1:{ports}/{page}")
                await asyncio.sleep(HEALTH_EVERY_S)


async def _is_ok(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False
