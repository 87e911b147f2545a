"""`make run`: an incident gets its note, all on loopback; then it stays up until Ctrl-C (`--once`: checks, ends)."""

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from testbed.demo.names import random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import LocalKube
from testbed.pagerduty import PagerDutySimulator
from testbed.progress import timed_progress
from testbed.stage.release import CRDS
from testbed.stage.stage import start_stage

report = timed_progress()


async def run(*, once: bool) -> int:
    """Walk through the main job; return the exit code."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    report("starting etcd, kube-apiserver and kube-controller-manager (built once for this user; that takes minutes)")
    with tempfile.TemporaryDirectory(prefix="noctuary-demo-") as directory:
        cluster = await asyncio.to_thread(LocalKube, crds=CRDS)
        with cluster:
            report(f"control plane is ready at {cluster.server}, the CRD is applied")
            async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, Path(directory)) as stage:
                return await _run(Walkthrough(stage, random_names(), report), cluster, stopped, once=once)


async def _run(walkthrough: Walkthrough, cluster: LocalKube, stopped: asyncio.Event, *, once: bool) -> int:
    running = asyncio.ensure_future(walkthrough.run())
    leaving = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            return 130
        incident = running.result()
        if once:
            return _report(await check_note(walkthrough, incident))
        print(walkthrough.what_next(incident, cluster), flush=True)
        await leaving
        return 0
    finally:
        running.cancel()
        leaving.cancel()
        report("removing everything")
        await walkthrough.end()


def _report(faults: list[str]) -> int:
    for fault in faults:
        print(f"WRONG: {fault}", file=sys.stderr)
    report("exactly one note, and it names the bad rollout" if not faults else "the note is not what it must be")
    return 1 if faults else 0


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="make run")
    parser.add_argument("--once", action="store_true", help="check the note, remove everything and exit")
    return asyncio.run(run(once=parser.parse_args().once))


if __name__ == "__main__":
    sys.exit(main())
