"""One run: Docker, node image, cluster, ingress controller, our image; all of it removed at the end."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec

from hack.chart.tools import HELM3, HELM4, find_tool
from hack.image.__main__ import ARCHIVE_FILE, build_values, make_archive
from hack.image.docker import Docker, build_with_docker, default_base
from hack.image.sbom import project_version
from hack.image.store import Store
from hack.lib.cache import locked
from testbed.kind.cluster import TEST_HOST, KindCluster, install_ingress, issue_certificate
from testbed.kind.ingress import manifest, traefik_image
from testbed.kind.machine import host
from testbed.kind.machine.daemon import OwnDaemon, require_daemon, running_docker
from testbed.kind.machine.guard import Guard
from testbed.kind.machine.programs import KIND, Programs
from testbed.kind.nodeimage import node_image
from testbed.kind.state import ClusterRecord, RunDirectory, State
from testbed.kind.teardown import clear
from testbed.ports import free_port

IMAGE = f"noctuary:{project_version()}"
T = TypeVar("T")


class ImageFrom(Enum):
    """How our image comes into the node."""

    DOCKER = "built with Docker and loaded"
    ARCHIVE = "built without Docker and loaded"
    NOWHERE = "not at all: whoever uses the cluster brings it"


@contextmanager
def running_cluster(
    store: Store, image: ImageFrom = ImageFrom.DOCKER, *, keep: bool = False, bare: bool = False
) -> Iterator[ClusterRecord]:
    """A cluster with everything in it, removed when the block or this process ends.

    A bare one has neither Helm nor an ingress controller nor our image: for what runs the programs beside it.
    """
    run = RunDirectory()
    with locked(run.lock, "an end-to-end cluster of this user", store.progress):
        clear(run, store)
        run.create()
        with Guard(run) as guard:
            setup = Setup(run, store, image)
            yield setup.put_up_bare() if bare else setup.put_up()
            if keep:
                guard.keep()


def require_docker(store: Store) -> None:
    """Make sure that this machine runs containers: a daemon of our own is started and ended; raises MachineCannot."""
    if running_docker() is not None:
        return
    require_daemon(store)
    run = RunDirectory()
    with locked(run.lock, "an end-to-end cluster of this user", store.progress):
        clear(run, store)
        run.create()
        with Guard(run):
            Setup(run, store, ImageFrom.NOWHERE).start_docker()


class Setup:
    """Puts everything up, step by step, and says how long each step took."""

    def __init__(self, run: RunDirectory, store: Store, image: ImageFrom) -> None:
        self._run = run
        self._store = store
        self._image_from = image
        self._programs = Programs(store)
        self._seconds: dict[str, float] = {}

    def put_up(self) -> ClusterRecord:
        """Put up the cluster and write down what tests need to know."""
        kind = self._timed("programs", lambda: self._programs.published(KIND) / "kind")
        helm3, helm4 = self._timed(
            "helm", lambda: [find_tool(tool, progress=self._store.progress) for tool in (HELM3, HELM4)]
        )
        kubectl = self._programs.kubernetes() / "kubectl"
        docker, state = self._timed("docker", lambda: self.start_docker(kind))
        registry = self._timed("registry", lambda: docker.registry_serves(default_base()))
        self._store.progress("A registry answers" if registry else "No registry answers: images are made here")
        node = None if registry else self._timed("node image", lambda: node_image(self._store, self._programs, docker))
        traefik = self._timed("traefik image", lambda: self._traefik(docker, registry=registry))
        archive = self._timed("image", lambda: self._image(docker))
        cluster = KindCluster(state.cluster, kind, kubectl, docker, self._run.path)
        ports = free_port(), free_port()
        self._store.progress(f"Creating the cluster {cluster.name}")
        self._timed("cluster", lambda: cluster.create(node, *ports))
        self._timed("load images", lambda: self._load(cluster, traefik, archive))
        issue_certificate(self._run.path)
        crds = self._programs.gateway_crds()
        self._timed("ingress controller", lambda: install_ingress(cluster, crds, manifest(traefik)))
        return self._facts(cluster, helm3, helm4, archive, ports)

    def put_up_bare(self) -> ClusterRecord:
        """Put up a cluster with nothing in it, and write down what tests need to know."""
        kind = self._timed("programs", lambda: self._programs.published(KIND) / "kind")
        kubectl = self._programs.kubernetes() / "kubectl"
        docker, state = self._timed("docker", lambda: self.start_docker(kind))
        registry = self._timed("registry", lambda: docker.registry_serves(default_base()))
        node = None if registry else self._timed("node image", lambda: node_image(self._store, self._programs, docker))
        cluster = KindCluster(state.cluster, kind, kubectl, docker, self._run.path)
        ports = free_port(), free_port()
        self._store.progress(f"Creating the cluster {cluster.name}, bare")
        self._timed("cluster", lambda: cluster.create(node, *ports))
        issue_certificate(self._run.path)
        return self._facts(cluster, None, None, None, (0, 0))

    def start_docker(self, kind: Path | None = None) -> tuple[Docker, State]:
        """Find Docker, or start a daemon of our own; write down what is to be put back."""
        found = running_docker()
        name = f"noctuary-{secrets.token_hex(3)}"
        if found is not None:
            state = State(name, found.program, os.environ.get("DOCKER_HOST"), kind=_text(kind))
            state.had_network = found.works("network", "inspect", "kind")
            state.before = host.look_at_kubelet_settings() if os.geteuid() == 0 else None
            self._run.write(state)
            return found, state
        require_daemon(self._store)
        daemon = OwnDaemon(self._run, self._store)
        state = State(name, "docker", daemon.host, own_daemon=True, kind=_text(kind), before=host.look())
        self._run.write(state)
        docker = daemon.start()
        _remove_old_containers(docker)
        return docker, state

    def _traefik(self, docker: Docker, *, registry: bool) -> str:
        return traefik_image(self._store, self._programs, docker, registry=registry)

    def _image(self, docker: Docker) -> Path | None:
        store = Store("image", self._store.progress)
        if self._image_from is ImageFrom.NOWHERE:
            return None
        if self._image_from is ImageFrom.DOCKER:
            build_with_docker(store, docker, IMAGE, build_values())
            return None
        archive = self._run.path / ARCHIVE_FILE
        make_archive(store, IMAGE, archive)
        return archive

    def _load(self, cluster: KindCluster, traefik: str, archive: Path | None) -> None:
        cluster.load(traefik, *([IMAGE] if self._image_from is ImageFrom.DOCKER else []))
        if archive is not None:
            cluster.load_archive(archive)

    def _facts(
        self, cluster: KindCluster, helm3: Path | None, helm4: Path | None, archive: Path | None, ports: tuple[int, int]
    ) -> ClusterRecord:
        directory = self._run.path
        facts = ClusterRecord(
            kubeconfig=str(cluster.kubeconfig),
            kubectl=str(cluster.kubectl),
            helm=_text(helm3) or "",
            helm4=_text(helm4) or "",
            image="" if self._image_from is ImageFrom.NOWHERE else IMAGE,
            image_archive=str(archive) if archive else None,
            authority=str(directory / "ca.crt"),
            certificate=str(directory / "test-host.crt"),
            certificate_key=str(directory / "test-host.key"),
            host=TEST_HOST,
            https_port=ports[0],
            http_port=ports[1],
            gateway=cluster.gateway(),
            docker=cluster.docker.program,
            docker_host=cluster.docker.host or os.environ.get("DOCKER_HOST"),
            kind=str(cluster.kind),
            cluster=cluster.name,
            seconds=self._seconds,
        )
        self._run.facts.write_bytes(msgspec.json.encode(facts))
        return facts

    def _timed(self, step: str, do: Callable[[], T]) -> T:
        began = time.monotonic()
        result = do()
        self._seconds[step] = round(time.monotonic() - began, 1)
        return result


def _text(path: Path | None) -> str | None:
    return str(path) if path is not None else None


def _remove_old_containers(docker: Docker) -> None:
    """Remove containers that an earlier daemon of ours left when the whole machine went down, and nameless images."""
    left = docker.run("ps", "--all", "--quiet").split()
    if left:
        docker.run("rm", "--force", "--volumes", *left)
    docker.works("image", "prune", "--force")
