"""A Docker daemon of our own, for machines where Docker is not running but can be."""

import ipaddress
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from hack.image.docker import Docker, docker_programs
from hack.image.store import Store
from hack.lib import processes
from testbed.kind.errors import KindError, MachineCannot
from testbed.kind.machine import runtime
from testbed.kind.machine.host import has_writable_cgroups, lacks_resource_capability, unmount_below
from testbed.kind.state import RunDirectory

_START_TIMEOUT_S = 60.0
_STOP_GRACE_S = 30.0
_RECORD_PATIENCE_S = 3.0
_POLL_S = 0.1
_INSTALL_TIMEOUT_S = 600.0
_LOG_LINES = 12
_BRIDGES = tuple(ipaddress.ip_interface(f"172.{number}.0.1/24") for number in range(29, 16, -1))
_DAEMONS = ("dockerd", "containerd", "runc", "iptables")


def running_docker() -> Docker | None:
    """The Docker that this machine already runs, if it answers us."""
    for program in docker_programs():
        docker = Docker(program)
        if docker.answers():
            return docker
    return None


def require_daemon(progress: Store) -> None:
    """Make sure that a daemon can be started; on Debian its package is installed when it is missing.

    Raises MachineCannot that says in one line what is missing and how to fix it.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise MachineCannot("No Docker daemon answers. Start Docker, or run this as root on Linux to have one started.")
    if not has_writable_cgroups():
        raise MachineCannot(
            "Control groups are read-only here. Run this outside of the container, or make it privileged."
        )
    if not _missing():
        return
    if shutil.which("apt-get") is None:
        raise MachineCannot(f"Docker is not running and {', '.join(_missing())} is not installed. Install Docker.")
    progress.progress("Installing the distribution's package docker.io")
    _apt("update", "--quiet=2")
    _apt("install", "--yes", "--quiet=2", "--no-install-recommends", "docker.io", "iptables")
    if _missing():
        raise KindError(f"The package docker.io brought no {', '.join(_missing())}. Install Docker by hand.")


class OwnDaemon:
    """dockerd with a socket, bridge and process directory of its own; its images are kept in the user's cache."""

    def __init__(self, run: RunDirectory, store: Store) -> None:
        self._files = run.daemon
        self._images = store.root / "docker"
        self._store = store

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"unix://{self._files}/docker.sock"

    def start(self) -> Docker:
        """Start the daemon, or find it running, and wait until it answers."""
        programs = docker_programs()
        docker = Docker(programs[0] if programs else "docker", self.host)
        if self._files.exists() and self._is_alive(patience_s=_RECORD_PATIENCE_S) and docker.answers():
            return docker
        self._store.progress("Starting a Docker daemon of our own")
        self._files.mkdir(mode=0o700, exist_ok=True)
        (self._files / "docker.pid").unlink(missing_ok=True)
        log, record = self._files / "dockerd.log", self._record
        pid = processes.start(self._command(), log=log, record=record, environment=os.environ, die_with_us=False)
        self._wait_until_it_answers(docker, pid)
        return docker

    def stop(self) -> None:
        """End the daemon, its children and its mounts; its images stay."""
        record = processes.read_record(self._record)
        if record is not None:
            processes.ask_to_end(record)
            processes.wait_for_end(record, grace_s=_STOP_GRACE_S)
        unmount_below(self._files)
        unmount_below(self._images)

    @property
    def _record(self) -> Path:
        return self._files / "dockerd.record"

    def _is_alive(self, patience_s: float) -> bool:
        """Whether it runs; one that was started a moment ago has not written its record yet."""
        deadline = time.monotonic() + patience_s
        while (record := processes.read_record(self._record)) is None and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return record is not None and processes.is_alive(record)

    def _command(self) -> list[str]:
        files = self._files
        command = [shutil.which("dockerd") or "dockerd", f"--data-root={self._images}", f"--exec-root={files}/exec"]
        command += [f"--host={self.host}", f"--pidfile={files}/docker.pid", f"--bip={_free_bridge()}"]
        if lacks_resource_capability():
            wrapper = runtime.write_wrapper(files / "runc-without-resource")
            command += [f"--add-runtime=here={wrapper}", "--default-runtime=here"]
        return command

    def _wait_until_it_answers(self, docker: Docker, pid: int) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not docker.answers():
            if time.monotonic() > deadline or processes.running(pid) is None:
                lines = (self._files / "dockerd.log").read_text(errors="replace").splitlines()[-_LOG_LINES:]
                raise MachineCannot("dockerd does not start. Its last lines were:\n" + "\n".join(lines))
            time.sleep(_POLL_S)


def _missing() -> list[str]:
    return [program for program in _DAEMONS if shutil.which(program) is None] + (
        [] if docker_programs() else ["docker"]
    )


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", *arguments],
        capture_output=True,
        text=True,
        timeout=_INSTALL_TIMEOUT_S,
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-_LOG_LINES:])
        raise KindError(f"apt-get {arguments[0]} failed; install Docker by hand. It said:\n{tail}")


def _free_bridge() -> str:
    """An address range that no route of this machine leads to."""
    said = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, timeout=10, check=False).stdout
    taken = [ipaddress.ip_network(word, strict=False) for word in said.split() if "/" in word]
    for bridge in _BRIDGES:
        if not any(bridge.network.overlaps(network) for network in taken):
            return str(bridge)
    raise KindError("Every address range from 172.17 to 172.29 is taken; free one for Docker's bridge")
