"""A registry beside the cluster: what is pushed to it is pulled by the node under the name that a page gives it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from hack.image.docker import Docker
from hack.image.store import Store
from hack.lib.tether import tethered
from testbed.kind.machine.programs import CRANE, Programs
from testbed.kind.progress import report
from testbed.kind.state import ClusterRecord
from testbed.polling import eventually
from testbed.ports import free_port
from testbed.relay import Address, relay_in_thread

STOP_TIMEOUT_S = 15.0
_CERTS_D = "/etc/containerd/certs.d"
_DOCKER = """#!/bin/sh
# The real Docker. Only `push` is told where {name} is, as a name server would.
if [ "$1" = push ]; then
  here=127.0.0.1:{port}/${{2#{name}/}}
  {program} tag "$2" "$here" && exec {program} push "$here"
fi
exec {program} "$@"
"""


@dataclass(frozen=True)
class Registry:
    """Empty when it starts; `name` is what images pushed to it begin with."""

    name: str
    port: int
    docker: str

    def write_docker(self, program: Path) -> None:
        """Write a `docker` for a page's shell: Docker pushes to every loopback address without TLS."""
        program.write_text(_DOCKER.format(name=self.name, port=self.port, program=self.docker), encoding="utf-8")
        program.chmod(0o755)


@contextmanager
def running_registry(facts: ClusterRecord, directory: Path, name: str) -> Iterator[Registry]:
    """Serve a registry on this machine's loopback, and to the node under a name; end it whatever happens."""
    crane = Programs(Store("kind", report)).published(CRANE) / "crane"
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = [str(crane), "registry", "serve", "--address", address, "--disk", str(directory / "registry")]
    (directory / "registry").mkdir()
    with (directory / "registry.log").open("ab") as log:
        process = subprocess.Popen(tethered(command, die_with=os.getpid()), stdout=log, stderr=log)
    try:
        eventually("the registry serves", lambda: httpx.get(f"http://{address}/v2/", trust_env=False).is_success)
        with relay_in_thread(facts.gateway, port) as relayed:
            _lead_node_to(facts, name, relayed)
            yield Registry(name, port, facts.docker)
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


def give_node_image(facts: ClusterRecord, name: str) -> None:
    """Give the node's own pause image a public name too: a page's workload runs where no registry is reached."""
    held = in_node(facts, "ctr --namespace k8s.io images list --quiet").split()
    if name not in held:
        pause = next(each for each in held if "/pause:" in each)
        in_node(facts, f"ctr --namespace k8s.io images tag {pause} {name}")


def in_node(facts: ClusterRecord, script: str) -> str:
    """Run a shell script in the node; return what it prints."""
    return Docker(facts.docker, facts.docker_host).run("exec", f"{facts.cluster}-control-plane", "sh", "-ec", script)


def _lead_node_to(facts: ClusterRecord, name: str, address: Address) -> None:
    server = f'server = "http://{address.host}:{address.port}"'
    in_node(facts, f"mkdir -p {_CERTS_D}/{name}; echo '{server}' > {_CERTS_D}/{name}/hosts.toml")
