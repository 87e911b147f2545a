"""Start, stop and look at a local control plane: `python -m testbed.localkube up|down|status|kubectl-path`."""

import argparse
import sys
import time
from pathlib import Path

from hack.lib.errors import BuildError
from testbed.localkube.binaries import find_binaries, report
from testbed.localkube.errors import AlreadyRunningError, LocalKubeError
from testbed.localkube.home import ClusterHome, default_directory
from testbed.localkube.localkube import LocalKube

_NOT_RUNNING = 3  # as `systemctl status` and the LSB say it


def up(options: argparse.Namespace) -> int:
    """Start a cluster that outlives this command, or find the one that runs already."""
    home = ClusterHome(options.dir)
    binaries = find_binaries()
    began = time.monotonic()
    report(f"Starting Kubernetes in {home.directory}")
    try:
        LocalKube(home.directory, crds=options.crd, binaries=binaries, detached=True).start()
    except AlreadyRunningError:
        report("It runs already")
    else:
        report(f"Ready after {time.monotonic() - began:.1f} s")
    print(home.layout.kubeconfig)
    return 0


def down(options: argparse.Namespace) -> int:
    """Stop the cluster and remove its files."""
    home = ClusterHome(options.dir)
    home.lock()
    try:
        existed = home.mark.exists()
        home.clear()
    finally:
        home.unlock()
    report(f"Stopped and removed {home.directory}" if existed else f"No cluster in {home.directory}")
    return 0


def status(options: argparse.Namespace) -> int:
    """Print which components run."""
    home = ClusterHome(options.dir)
    alive = home.alive()
    for component, runs in alive.items():
        print(f"{component}: {'running' if runs else 'not running'}")
    if all(alive.values()):
        print(f"kubeconfig: {home.layout.kubeconfig}")
        return 0
    return _NOT_RUNNING


def kubectl_path(_: argparse.Namespace) -> int:
    """Print where kubectl is, after building it when necessary."""
    print(find_binaries().path("kubectl"))
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m testbed.localkube", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for function in (up, down, status, kubectl_path):
        name = function.__name__.replace("_", "-")
        command = commands.add_parser(name, help=function.__doc__)
        command.set_defaults(run=function)
        if function is not kubectl_path:
            command.add_argument("--dir", type=Path, default=default_directory(), help="the cluster's directory")
        if function is up:
            command.add_argument("--crd", type=Path, action="append", default=[], help="install this CRD first")
    return parser.parse_args(arguments)


def main() -> int:
    """Run one command; what goes wrong is one message and exit code 1."""
    options = _parse(sys.argv[1:])
    try:
        result: int = options.run(options)
    except (BuildError, LocalKubeError) as error:
        report(str(error))
        return 1
    return result


if __name__ == "__main__":
    sys.exit(main())
