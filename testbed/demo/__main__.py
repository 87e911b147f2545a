"""`make run`: an incident gets its note; then it stays up until Ctrl-C (`--once`: checks, ends).

All is on loopback, or with `--cluster current` the cluster is that of the current kubeconfig.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from testbed.demo.current import YES, current_cluster, image_of_nodes, wait_gone
from testbed.demo.names import names_around, random_names
from testbed.demo.walkthrough import Walkthrough, check_note
from testbed.localkube import Cluster, LocalKube, LocalKubeError
from testbed.pagerduty import PagerDutySimulator
from testbed.progress import timed_progress
from testbed.stage.release import CRDS
from testbed.stage.stage import start_stage

report = timed_progress()


@contextlib.contextmanager
def own_cluster() -> Iterator[Cluster]:
    """Start a control plane that ends with the block."""
    report("starting etcd, kube-apiserver and kube-controller-manager (built once for this user; that takes minutes)")
    with LocalKube(crds=CRDS) as cluster:
        report(f"control plane is ready at {cluster.server}, the CRD is applied")
        yield cluster


async def run(cluster: Cluster, *, has_nodes: bool, once: bool) -> int:
    """Walk through the main job in a cluster; return the exit code."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    with tempfile.TemporaryDirectory(prefix="noctuary-demo-") as directory:
        names = names_around(image_of_nodes(cluster)) if has_nodes else random_names()
        async with PagerDutySimulator() as pagerduty, start_stage(cluster, pagerduty, Path(directory)) as stage:
            walkthrough = Walkthrough(stage, names, report, has_nodes=has_nodes)
            code = await _run(walkthrough, cluster, stopped, once=once)
        if has_nodes:
            report("waiting until the pods and namespaces are gone")
            gone = (stage.release.namespace, names.namespace, names.innocent_namespace)
            await asyncio.to_thread(wait_gone, cluster, gone)
        return code


async def _run(walkthrough: Walkthrough, cluster: Cluster, stopped: asyncio.Event, *, once: bool) -> int:
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
    parser.add_argument("--cluster", choices=["own", "current"], default="own", help="current: that of kubectl")
    parser.add_argument("--yes", action="store_true", help="use the current cluster without being asked")
    chosen = parser.parse_args()
    is_current = chosen.cluster == "current"
    opened = current_cluster((lambda _: YES) if chosen.yes else input) if is_current else own_cluster()
    try:
        with opened as cluster:
            return asyncio.run(run(cluster, has_nodes=is_current, once=chosen.once))
    except (LocalKubeError, KeyboardInterrupt) as error:
        print(str(error) or "stopped", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
