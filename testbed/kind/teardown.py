"""Take down what a run has put up, from what it wrote down; done by the guard, or by the next run."""

import contextlib
import shutil
import subprocess
from pathlib import Path

from hack.image.docker import Docker
from hack.image.store import Store
from testbed.kind.errors import USER_FIXABLE
from testbed.kind.machine import host
from testbed.kind.machine.daemon import OwnDaemon
from testbed.kind.state import RunDirectory, State

_DELETE_TIMEOUT_S = 120.0
_NETWORK = "kind"


def clear(run: RunDirectory, store: Store) -> bool:
    """Remove cluster, daemon, rules, settings and files of a run; returns whether there was anything."""
    state = run.read()
    if state is None:
        shutil.rmtree(run.path, ignore_errors=True)
        return False
    store.progress(f"Removing the cluster {state.cluster} and what it needed")
    docker = _docker(state, run, store)
    if docker is not None:
        _delete_cluster(state, docker)
    if state.own_daemon:
        OwnDaemon(run, store).stop()
    if state.before is not None:
        host.restore(state.before)
    shutil.rmtree(run.path)
    return True


def _docker(state: State, run: RunDirectory, store: Store) -> Docker | None:
    """Return the run's Docker; a daemon of our own that was killed is started again to remove its containers."""
    if not state.own_daemon:
        docker = Docker(state.docker, state.docker_host)
        if docker.answers():
            return docker
        store.progress(
            f"Docker does not answer any more; should it come back, delete the cluster {state.cluster} by hand"
        )
        return None
    with contextlib.suppress(*USER_FIXABLE):  # then there is nothing that it could remove either
        return OwnDaemon(run, store).start()
    return None


def _delete_cluster(state: State, docker: Docker) -> None:
    if state.kind is not None and Path(state.kind).exists():
        subprocess.run(
            [state.kind, "delete", "cluster", "--name", state.cluster, "--kubeconfig", "/dev/null"],
            capture_output=True,
            timeout=_DELETE_TIMEOUT_S,
            check=False,
            env=kind_environment(docker),
        )
    left = docker.run("ps", "--all", "--quiet", f"--filter=label=io.x-k8s.kind.cluster={state.cluster}").split()
    if left:
        docker.run("rm", "--force", "--volumes", *left)
    if not state.had_network:
        docker.works("network", "rm", _NETWORK)


def kind_environment(docker: Docker) -> dict[str, str]:
    """What kind is told: the daemon, and a client of Docker that it finds by its name."""
    environment = docker.environment()
    environment["KIND_EXPERIMENTAL_PROVIDER"] = "docker"
    environment["PATH"] = f"{Path(docker.program).parent}:{environment.get('PATH', '')}"
    environment.pop("KUBECONFIG", None)
    return environment
