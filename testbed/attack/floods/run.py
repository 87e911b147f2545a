"""The floods one after the other, each on a receiver that was just started with an empty store."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hack.lib.cache import Progress
from testbed.attack.floods.bystander import Bystander, Watched, p99
from testbed.attack.floods.catalogue import FLOODS, Flood
from testbed.attack.floods.limits import limit_megabytes, peak_megabytes
from testbed.attack.floods.reference import Pauses, watch_machine
from testbed.attack.floods.scene import Scene, fresh_receiver
from testbed.attack.table import Row
from testbed.stage.kube import GROUP, PLURAL

CALM_S = 15.0
AFTERWARDS_S = 3.0
"""The second tenant is watched a little longer than the flood lasts."""
FLOODER_GRACE_S = 75.0
STUCK_NOTES = 1_000
HANG_S = 30.0
BAD_TOKEN_INCIDENTS = 50
NOT_ASCII = "tökén-not-ascii-ß"
MOST_TRIES = 3
"""A run in which the machine paused says nothing, and is run again; the last one counts, whatever the machine did."""


@dataclass
class Run:
    """One run, undisturbed or during a flood."""

    seen: Watched
    pauses: Pauses
    peak_mb: float
    is_running: bool
    remarks: list[str]


async def run_floods(scene: Scene, names: list[str], seed: int, report: Progress) -> AsyncIterator[Row]:
    """Run the chosen floods, each between two undisturbed runs; yield a row for each as it ends."""
    floods = [each for each in FLOODS if each.name in names]
    before = await _run_again(scene, None, seed, report) if floods else None
    for flood in floods:
        report(f"{flood.name}: {flood.size}")
        run = await _run_again(scene, flood, seed, report)
        after = await _run_again(scene, None, seed, report)
        yield _row(flood, run, [each for each in (before, after) if each is not None])
        before = after


def _row(flood: Flood, run: Run, calm: list[Run]) -> Row:
    seen = run.seen
    calm_p99_s = p99([seconds for each in calm for seconds in each.seen.seconds])
    row = Row(flood.name, flood.size, calm_p99_s, seen.p99_s, seen.lost, run.peak_mb, limit_megabytes("receiver"))
    row.remarks = [*run.remarks, f"the slowest of {len(seen.seconds)} notes took {seen.slowest}"]
    if seen.sick:
        row.effects.append(f"health or readiness failed {seen.sick} of {seen.asked} times")
    if seen.doubled:
        row.effects.append(f"{seen.doubled} notes of the second tenant are doubled")
    if not run.is_running:
        row.effects.append("the receiver ended")
    return row


async def _run_again(scene: Scene, flood: Flood | None, seed: int, report: Progress) -> Run:
    """Run until the machine did not pause, or often enough."""
    for number in range(1, MOST_TRIES + 1):
        await fresh_receiver(scene)
        async with _prepared(scene, flood.before if flood else ""):
            run = await _watch(scene, flood, seed)
        what = f"{flood.name if flood else 'undisturbed'}: p99 {run.seen.p99_s:.3f} s of {len(run.seen.seconds)} notes"
        run.remarks.append(f"a bare program's longest pause was {run.pauses.longest_s:.2f} s, run {number}")
        report(f"{what}; {run.remarks[-1]}")
        if not run.pauses.spoil:
            break
    return run


async def _watch(scene: Scene, flood: Flood | None, seed: int) -> Run:
    """Watch the second tenant while nothing happens, or during a flood."""
    bystander = Bystander(scene.place, scene.victim.account, scene.victim_services)
    receiver = scene.place.release.receiver
    pid, remarks, began, worked = receiver.pid, [], time.monotonic(), receiver.cpu_seconds()
    async with watch_machine() as pauses:
        bystander.start()
        if flood is None:
            await asyncio.sleep(CALM_S)
        else:
            remarks = [await (_send(scene, flood, seed) if flood.own_sender else _fire(scene, flood))]
            # A flood that is refused at once is over at once: few notes would make the slowest one the p99.
            await asyncio.sleep(AFTERWARDS_S + max(0.0, began + flood.seconds - time.monotonic()))
    if receiver.running:
        remarks.append(_machine(receiver.cpu_seconds() - worked, time.monotonic() - began))
    seen = await bystander.stop()
    peak = peak_megabytes(pid) if receiver.running else 0.0
    return Run(seen, pauses, peak, receiver.running, remarks)


def _machine(cpu_s: float, seconds: float) -> str:
    """Tell what of a delay can be the receiver's, and what the machine's."""
    return (
        f"the receiver worked {cpu_s:.1f} of {seconds:.0f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


async def _send(scene: Scene, flood: Flood, seed: int) -> str:
    """Let the flooder's process send; return how it was answered."""
    target = scene.target(flood.seconds, seed, is_internal=flood.is_internal)
    command = [sys.executable, "-m", "testbed.attack.floods", flood.name, target.to_text()]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(flood.seconds + FLOODER_GRACE_S):
            told = (await process.communicate())[0]
    except TimeoutError:
        process.kill()
        await process.wait()
        return "the flooder was cut off"
    ends = json.loads(told or b"{}")
    return "answers: " + ", ".join(f"{count} x {end}" for end, count in sorted(ends.items()))


async def _fire(scene: Scene, flood: Flood) -> str:
    """Open incidents of the attacker's own in its own account."""
    count = STUCK_NOTES if flood.before == "hang-notes" else BAD_TOKEN_INCIDENTS
    for number in range(count):
        scene.attacker.account.trigger(scene.attacker_service, f"Own page {number}")
        await asyncio.sleep(flood.seconds / count)
    return f"{count} incidents of its own"


@asynccontextmanager
async def _prepared(scene: Scene, before: str) -> AsyncIterator[None]:
    """Bring the attacker's integration into the state that a flood needs, and back."""
    attacker = scene.attacker
    if before == "suspend":
        await _patch_flood(scene, {"suspend": True})
        await asyncio.sleep(AFTERWARDS_S)
    elif before == "hang-notes":
        attacker.account.rules.add("hang", method="POST", path="/incidents/*/notes", seconds=HANG_S)
    elif before == "token":
        await attacker.declare(_manifest(scene), api_token=NOT_ASCII)
        await asyncio.sleep(AFTERWARDS_S)
    try:
        yield
    finally:
        attacker.account.rules.clear()
        await _patch_flood(scene, {"suspend": False})
        if before == "token":
            await attacker.declare(_manifest(scene))


def _manifest(scene: Scene) -> dict[str, object]:
    return scene.attacker.manifest("flood", scene.accounts.url, "flood", scene.attacker_service)


async def _patch_flood(scene: Scene, spec: dict[str, object]) -> None:
    await scene.attacker.kube.patch(GROUP, scene.attacker.namespace, PLURAL, "flood", {"spec": spec})
