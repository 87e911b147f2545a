"""Run a command against an end-to-end cluster: `python -m testbed.kind run -- COMMAND`; also down, status, check."""

import argparse
import os
import signal
import subprocess
import sys
import time

from hack.image.store import Store
from hack.lib.cache import locked
from hack.lib.tether import tethered
from testbed.kind.errors import USER_FIXABLE, MachineCannot
from testbed.kind.existing import existing_cluster
from testbed.kind.progress import report
from testbed.kind.session import ImageFrom, require_docker, running_cluster
from testbed.kind.state import ClusterRecord, RunDirectory
from testbed.kind.teardown import clear

FACTS_VARIABLE = "NOCTUARY_E2E_FACTS"
"""Names the file with what tests need to know; without it the file of a kept cluster is read."""
_EXISTING = "existing"
_INTERRUPTED = 130
CANNOT = 3
"""The exit code of `check` on a machine that runs no containers."""


def run(options: argparse.Namespace) -> int:
    """Create the cluster, run the command, remove everything."""
    if options.cluster == _EXISTING:
        with existing_cluster() as facts_file:
            return _call(options.command, {FACTS_VARIABLE: str(facts_file)})
    store = Store("kind", report)
    began = time.monotonic()
    image = ImageFrom.NOWHERE if options.no_image else ImageFrom.ARCHIVE if options.archive else ImageFrom.DOCKER
    with running_cluster(store, image, keep=options.keep, bare=options.bare) as facts:
        steps = ", ".join(f"{step} {seconds:g} s" for step, seconds in facts.seconds.items())
        report(f"The cluster is ready after {time.monotonic() - began:.0f} s ({steps})")
        code = _call(options.command, {FACTS_VARIABLE: str(RunDirectory().facts)})
        if options.keep:
            _say_how_to_look(facts)
    return code


def down(_: argparse.Namespace) -> int:
    """Remove a kept cluster, or what a killed run left."""
    store = Store("kind", report)
    directory = RunDirectory()
    with locked(directory.lock, "an end-to-end cluster of this user", report):
        if not clear(directory, store):
            report("There is no cluster")
    return 0


def check(_: argparse.Namespace) -> int:
    """Say whether this machine runs containers; exit 3 when it cannot, with the reason and the fix."""
    try:
        require_docker(Store("kind", report))
    except MachineCannot as error:
        report(str(error))
        return CANNOT
    return 0


def status(_: argparse.Namespace) -> int:
    """Print how to reach a kept cluster."""
    try:
        _say_how_to_look(RunDirectory().read_facts())
    except FileNotFoundError:
        report("There is no cluster")
        return 1
    return 0


def _call(command: list[str], extra: dict[str, str]) -> int:
    line = tethered(command, die_with=os.getpid())
    child = subprocess.Popen(line, env={**os.environ, **extra})
    try:
        return child.wait()
    except BaseException:
        child.send_signal(signal.SIGINT)
        child.wait()
        raise


def _say_how_to_look(facts: ClusterRecord) -> None:
    report(f"The cluster {facts.cluster} stays. Look at it with KUBECONFIG={facts.kubeconfig}")
    report(f"  {facts.kubectl}, https://{facts.host} at 127.0.0.1:{facts.https_port} (authority {facts.authority})")
    report("  Remove it with: make e2e-down")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m testbed.kind", description=__doc__)
    commands = parser.add_subparsers(dest="verb", required=True)
    for function in (run, down, status, check):
        command = commands.add_parser(function.__name__, help=function.__doc__)
        command.set_defaults(do=function)
        if function is run:
            command.add_argument("--keep", action="store_true", help="leave the cluster for a look")
            command.add_argument("--bare", action="store_true", help="no Helm, no ingress controller, no image of ours")
            command.add_argument("--archive", action="store_true", help="build the image without Docker")
            command.add_argument("--no-image", action="store_true", help="no image of ours: the command brings it")
            command.add_argument("--cluster", default="", choices=["", _EXISTING], help="use the one of KUBECONFIG")
            command.add_argument("command", nargs="+", help="what is run when the cluster is ready")
    return parser.parse_args()


def main() -> int:
    """Run one verb; what goes wrong is one message and exit code 1."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    options = _parse()
    try:
        code: int = options.do(options)
    except USER_FIXABLE as error:
        report(str(error))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return code


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
