"""The mutated requests as rows: what was answered, what health said meanwhile, and what was stored."""

import asyncio
import json
import sys

from hack.lib.cache import Progress
from testbed.attack.floods.bystander import Bystander
from testbed.attack.floods.limits import limit_megabytes, peak_megabytes
from testbed.attack.floods.scene import Scene, fresh_receiver
from testbed.attack.mutations.send import STRANGER
from testbed.attack.table import Row
from testbed.polling import until
from testbed.stage.store_audit import rows_that_hold

NAME = "mutations"
COUNT = 100_000
SECONDS = 0.0
"""A target's time, which counts for floods only."""


async def run_mutations(scene: Scene, seed: int, report: Progress, count: int = COUNT) -> Row:
    """Send mutated requests to both doors while the second tenant is watched, and look into the store afterwards."""
    release = scene.place.release
    await fresh_receiver(scene)
    pid = release.receiver.pid
    bystander = Bystander(scene.place, scene.victim.account, scene.victim_services)
    bystander.start()
    report(f"{NAME}: {count} requests, seed {seed}")
    answers = await _send(scene, seed, count)
    seen = await bystander.stop()
    row = Row(NAME, f"{count} requests, seed {seed}", rss_limit_mb=limit_megabytes("receiver"), lost=seen.lost)
    row.remarks.append("answers: " + ", ".join(f"{number} x {what}" for what, number in sorted(answers.items())))
    broken = {what: number for what, number in answers.items() if what in ("500", "hang")}
    row.effects += [f"{number} x {what}" for what, number in broken.items()]
    row.effects += [f"only {answers.get('sent', 0)} were sent"] if answers.get("sent") != count else []
    row.effects += [f"health or readiness failed {seen.sick} of {seen.asked} times"] if seen.sick else []
    if not release.receiver.running or release.receiver.pid != pid:
        row.effects.append("the receiver ended")
        return row
    row.rss_mb = peak_megabytes(pid)
    await asyncio.to_thread(release.receiver.stop)
    found = await asyncio.to_thread(rows_that_hold, STRANGER, release.directory / "data")
    row.effects += [f"{number} rows of {table} hold what a stranger sent" for table, number in found.items()]
    release.receiver.start()
    await until("the receiver is ready", scene.place.is_ready)
    return row


async def _send(scene: Scene, seed: int, count: int) -> dict[str, int]:
    text = scene.target(SECONDS, seed).to_text()
    command = [sys.executable, "-m", "testbed.attack.mutations", str(count), text]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told = (await process.communicate())[0]
    answers: dict[str, int] = json.loads(told or b"{}")
    return answers
