"""`make run`: an incident gets its note, all on loopback; then it stays up until Ctrl-C (`--once`: checks, ends)."""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

from testbed.demo.play import Play, check_note
from testbed.demo.scene import random_scene
from testbed.localkube import LocalKube
from testbed.pagerduty import PagerDutySimulator
from testbed.stage.release import CRDS
from testbed.stage.stage import set_stage

STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one progress line with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


async def run(*, once: bool) -> int:
    """Play the scene; return the exit code."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    say("starting etcd, kube-apiserver and kube-controller-manager (built once for this user; that takes minutes)")
    with tempfile.TemporaryDirectory(prefix="noctuary-demo-") as directory:
        cluster = await asyncio.to_thread(LocalKube, crds=CRDS)
        with cluster:
            say(f"control plane is ready at {cluster.server}, the CRD is applied")
            async with PagerDutySimulator() as pagerduty, set_stage(cluster, pagerduty, Path(directory)) as stage:
                return await _perform(Play(stage, random_scene(), say), cluster, stopped, once=once)


async def _perform(play: Play, cluster: LocalKube, stopped: asyncio.Event, *, once: bool) -> int:
    acting = asyncio.ensure_future(play.perform())
    leaving = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({acting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not acting.done():
            return 130
        incident = acting.result()
        if once:
            return _report(await check_note(play, incident))
        print(play.what_next(incident, cluster), flush=True)
        await leaving
        return 0
    finally:
        acting.cancel()
        leaving.cancel()
        say("removing everything")
        await play.end()


def _report(faults: list[str]) -> int:
    for fault in faults:
        print(f"WRONG: {fault}", file=sys.stderr)
    say("exactly one note, and it names the bad rollout" if not faults else "the note is not what it must be")
    return 1 if faults else 0


def main() -> int:
    """Parse the arguments and play."""
    parser = argparse.ArgumentParser(prog="make run")
    parser.add_argument("--once", action="store_true", help="check the note, remove everything and exit")
    return asyncio.run(run(once=parser.parse_args().once))


if __name__ == "__main__":
    sys.exit(main())
