"""Kill -9 of the receiver while webhooks rain: nothing lost, one note per incident, counted at PagerDuty."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hack.lib.cache import Progress
from noctuary.common.clock import parse_time
from testbed.faults.table import Outcome
from testbed.localkube import LocalKube
from testbed.pagerduty import DeliverySettings, PagerDutySimulator, Rule
from testbed.stage.release import StagedRelease
from testbed.stage.stage import start_stage
from testbed.stage.store_audit import audit_inbox

WEBHOOKS_AT_ONCE = 16
INCIDENTS_PER_RUN = 16
"""Three webhooks each and every third one twice: 64 deliveries a run, 1,280 of 320 incidents in twenty runs."""
SERVICES = 3
SETTLE_S = 60.0
"""Notes are counted this long after the last fault."""
HIDDEN_S = 6.0
"""How long PagerDuty hides a new note from the list when it is slow."""
ALL_DELIVERED_S = 240.0
RESTART_PAUSES_S = (0.05, 0.8)
KILL_AFTER_S = (0.1, 2.5)
ARMED_S = 8.0
"""A kill that waits for a note gives up after this."""


class WatchedPagerDuty(PagerDutySimulator):
    """A PagerDuty that calls back when a note arrived, before it answers the call that brought it."""

    on_note: Callable[[], None] | None = None

    def write_note(self, *arguments: Any, **options: Any) -> Any:
        """Apply the note, call back, and only then answer."""
        note = super().write_note(*arguments, **options)
        if self.on_note is not None:
            self.on_note()
        return note


class Storm:
    """Incidents with whole lives, and a receiver that dies among them."""

    def __init__(self, pagerduty: WatchedPagerDuty, release: StagedRelease, services: list[str], seed: int) -> None:
        self._pagerduty = pagerduty
        self._release = release
        self._services = services
        self._random = random.Random(seed)
        self.random_kills = 0
        self.kills_before_record = 0
        self.incidents: list[str] = []
        self.faults: list[Rule] = []

    async def run(self, number: int) -> None:
        """Let some incidents live while the receiver is killed twice: at any moment, and right after a note arrived."""
        lives = [asyncio.create_task(self._live(number, index)) for index in range(INCIDENTS_PER_RUN)]
        await self._kill_when_note_arrives()
        await self._kill_at_random()
        await asyncio.gather(*lives)

    async def _live(self, number: int, index: int) -> None:
        await asyncio.sleep(self._random.uniform(0, 1))
        incident = self._pagerduty.trigger(self._random.choice(self._services), f"Page {number}.{index}")
        self.incidents.append(incident.id)
        await asyncio.sleep(self._random.uniform(0.05, 1.5))
        self._pagerduty.acknowledge(incident.id)
        await asyncio.sleep(self._random.uniform(0.05, 1.5))
        self._pagerduty.resolve(incident.id)

    async def _kill_at_random(self) -> None:
        await asyncio.sleep(self._random.uniform(*KILL_AFTER_S))
        self._release.receiver.kill()
        self.random_kills += 1
        await self._restart()

    async def _kill_when_note_arrives(self) -> None:
        killed = asyncio.Event()

        def kill() -> None:
            self._pagerduty.on_note = None
            os.kill(self._release.receiver.pid, signal.SIGKILL)
            killed.set()

        self._pagerduty.on_note = kill
        try:
            await asyncio.wait_for(killed.wait(), ARMED_S)
            self.kills_before_record += 1
        except TimeoutError:
            self._release.receiver.kill()
            self.random_kills += 1
        finally:
            self._pagerduty.on_note = None
        await self._restart()

    async def _restart(self) -> None:
        self._release.receiver.kill()
        await asyncio.sleep(self._random.uniform(*RESTART_PAUSES_S))
        self._release.receiver.start()


async def disturb_receiver(cluster: LocalKube, directory: Path, runs: int, seed: int, progress: Progress) -> Outcome:
    """Run the storm and count."""
    delivery = DeliverySettings(first_pause_s=0.5, longest_pause_s=4.0, concurrency=WEBHOOKS_AT_ONCE)
    async with WatchedPagerDuty(delivery=delivery) as pagerduty, start_stage(cluster, pagerduty, directory) as stage:
        services = [
            await stage.declare(f"{stage.release.namespace}-team-{index}", f"storm-{index}")
            for index in range(SERVICES)
        ]
        storm = Storm(pagerduty, stage.release, services, seed)
        storm.faults = _add_faults(pagerduty, seed)
        for number in range(runs):
            await storm.run(number)
            progress(f"receiver: run {number + 1} of {runs}: {_deliveries(pagerduty)}")
        return await _count(pagerduty, stage.release, storm, progress)


def _add_faults(pagerduty: PagerDutySimulator, seed: int) -> list[Rule]:
    """Switch on duplicates, lost answers, late visibility and errors; return all but the duplicates."""
    notes, note = "/incidents/*/notes", "/incidents/*/notes/*"
    add = pagerduty.rules.add
    add("duplicate", every=3)
    return [
        add("lose-answer", method="POST", path=notes, probability=0.15, seed=seed),
        add("lose-answer", method="PUT", path=note, probability=0.1, seed=seed),
        add("hide-note", method="POST", path=notes, probability=0.3, seed=seed, seconds=HIDDEN_S),
        add("server-error", method="GET", path="/incidents/*/alerts", probability=0.05, seed=seed),
    ]


def _deliveries(pagerduty: PagerDutySimulator) -> str:
    summary = pagerduty.ledger.summary()
    return f"{summary['accepted']} webhooks accepted, {summary['pending']} on their way, {summary['lost']} lost"


async def _count(pagerduty: WatchedPagerDuty, release: StagedRelease, storm: Storm, progress: Progress) -> Outcome:
    await pagerduty.drained(timeout_s=ALL_DELIVERED_S)
    progress(f"receiver: all delivered; notes are counted in {SETTLE_S:.0f} s")
    await asyncio.sleep(SETTLE_S)
    calls = len(pagerduty.calls)
    summary = pagerduty.ledger.summary()
    await asyncio.to_thread(release.receiver.stop)
    counts = [len(pagerduty.notes(incident)) for incident in storm.incidents]
    inbox = audit_inbox(release.directory / "data")
    accepted = len([hook for hook in pagerduty.ledger.webhooks if hook.outcome == "accepted"])
    deliveries = summary["accepted"] + summary["duplicates"]
    return Outcome(
        "receiver",
        done={
            "incidents with whole lives": len(storm.incidents),
            "webhooks": summary["webhooks"],
            "webhooks delivered, duplicates among them": deliveries,
            "attempts": summary["attempts"],
            "most webhooks on their way at once": _most_at_once(pagerduty),
            "kill -9 at a random moment": storm.random_kills,
            "kill -9 between a note's arrival and our record of it": storm.kills_before_record,
            "answers lost, errors and late notes": sum(rule.struck for rule in storm.faults),
            "calls to PagerDuty": calls,
        },
        must_be_zero={
            "webhooks lost": summary["lost"] + summary["pending"],
            "accepted webhooks that are not in the store": accepted - inbox.distinct,
            "webhooks stored twice": len(inbox.webhook_ids) - inbox.distinct,
            "webhooks not processed": inbox.unfinished,
            "incidents without a note": counts.count(0),
            "duplicate notes": sum(count - 1 for count in counts if count > 1),
            "notes that do not name the resolution": _not_final(pagerduty, storm.incidents),
            "calls against PagerDuty's rules": len(pagerduty.violations),
        },
        remarks=[str(violation) for violation in pagerduty.violations[:5]],
    )


def _most_at_once(pagerduty: PagerDutySimulator) -> int:
    """Count the attempts that overlap most; the ledger's times are whole milliseconds."""
    attempts = [attempt for hook in pagerduty.ledger.webhooks for attempt in hook.attempts]
    starts = [parse_time(attempt.at) for attempt in attempts]
    marks = [(at, 1) for at in starts]
    marks += [(at + attempt.seconds - 0.002, -1) for at, attempt in zip(starts, attempts, strict=True)]
    now = most = 0
    for _, step in sorted(marks):
        now += step
        most = max(most, now)
    return most


def _not_final(pagerduty: PagerDutySimulator, incidents: list[str]) -> int:
    texts = [[note.content for note in pagerduty.notes(incident)] for incident in incidents]
    return sum(1 for notes in texts if notes and "resolved" not in notes[0].lower())
