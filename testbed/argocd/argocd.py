"""Argo CD's repo server, application controller and an in-memory Redis as child processes of ours."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from hack.lib import processes
from testbed.argocd.programs import CONTROLLER, REDIS, REPO_SERVER, find_git, find_programs
from testbed.argocd.scratch import scratch
from testbed.localkube import Cluster
from testbed.localkube.errors import LocalKubeError, PortTakenError
from testbed.ports import free_ports

NAMESPACE = "argocd"
_READY_TIMEOUT_S = 120.0  # five seconds are usual; a machine busy with other work gets its time
_READY_POLL_S = 0.05
_REQUEST_TIMEOUT_S = 5.0
_STOP_GRACE_S = 3.0  # nothing they hold outlives the test
_LOG_LINES = 12
_PORT_ATTEMPTS = 3  # a port found free may be taken by somebody else before it is listened on
_PORT_TAKEN = "address already in use"
_PART_OF = {"app.kubernetes.io/part-of": "argocd"}
_SERVER_KEY = "of a web server that does not run"  # its settings cannot be read without one
_PORTS = ("redis", "repo", "repo-metrics", "controller-metrics")


class ArgoCD:
    """An Argo CD without its web server; it ends with the block, and with our process if that is killed.

    Plain directories and Kustomize overlays need nothing else; `helm` is needed for charts.
    """

    def __init__(self, cluster: Cluster, *, helm: Path | None = None) -> None:
        self.cluster = cluster
        self._helm = helm
        self._git = find_git()
        self._programs = find_programs()
        self._ends = contextlib.ExitStack()
        self.directory = Path()
        self._ports: dict[str, int] = {}
        self._started: list[str] = []
        # The kernel ties a child to the thread that started it, so one thread that lives as long as we do starts all.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argocd")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as ends:
            ends.callback(self._starter.shutdown)
            self.directory = ends.enter_context(scratch())
            ends.callback(self._stop)
            self._lay_out()
            self._install()
            self._start_on_free_ports()
            self._ends = ends.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ends.close()

    @property
    def redis(self) -> tuple[str, int]:
        """Where Argo CD keeps what it can make again, the resource trees among it."""
        return "127.0.0.1", self._ports["redis"]

    def log(self, part: str = CONTROLLER) -> str:
        """What a program has said so far."""
        return self._log(part).read_text(encoding="utf-8", errors="replace")

    def _lay_out(self) -> None:
        for name in ("tmp", "tools"):
            (self.directory / name).mkdir()
        if self._helm is not None:
            (self.directory / "tools" / "helm").symlink_to(self._helm)

    def _install(self) -> None:
        self.cluster.install_crds(*self._programs.crds)
        self.cluster.kubectl("apply", "--server-side", "--filename=-", input=json.dumps(_manifests()))

    def _start_on_free_ports(self) -> None:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self._ports = _free_ports()
            try:
                self._start_parts()
            except PortTakenError:
                self._stop()
                if attempt == _PORT_ATTEMPTS:
                    raise
            else:
                return

    def _start_parts(self) -> None:
        ports = self._ports
        redis = f"127.0.0.1:{ports['redis']}"
        self._start(REDIS, [redis])
        self._wait(REDIS, lambda: _listens(ports["redis"]))
        store = [f"--redis={redis}", "--redis-compress=none"]
        self._start(REPO_SERVER, [*store, *_repo_server_flags(ports)])
        self._wait(REPO_SERVER, lambda: _is_healthy(ports["repo-metrics"]))
        self._start(CONTROLLER, [*store, *_controller_flags(ports)])
        self._wait(CONTROLLER, lambda: _is_healthy(ports["controller-metrics"]))

    def _start(self, part: str, arguments: Sequence[str]) -> None:
        self._starter.submit(
            processes.start,
            [str(self._programs.path(part)), *arguments],
            log=self._log(part),
            record=self._record(part),
            environment=self._environment(),
            die_with_us=True,
        ).result()
        self._started.append(part)

    def _environment(self) -> dict[str, str]:
        temporary, tools = self.directory / "tmp", self.directory / "tools"
        return {
            "PATH": f"{tools}:{self._programs.directory}:{self._git.parent}:/usr/bin:/bin",
            "HOME": str(self.directory),
            "TMPDIR": str(temporary),
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
        }

    def _wait(self, part: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not is_ready():
            record = processes.read_record(self._record(part))
            if record is not None and not processes.is_alive(record):
                trouble = self._trouble(part, "ended while starting")
                raise PortTakenError(trouble) if _PORT_TAKEN in trouble else LocalKubeError(trouble)
            if time.monotonic() > deadline:
                raise LocalKubeError(self._trouble(part, f"is not ready after {_READY_TIMEOUT_S:.0f} s"))
            time.sleep(_READY_POLL_S)

    def _trouble(self, part: str, what: str) -> str:
        return "\n".join([f"{part} {what}; the last lines of its log:", *self.log(part).splitlines()[-_LOG_LINES:]])

    def _stop(self) -> None:
        records = [record for part in self._started if (record := processes.read_record(self._record(part)))]
        for record in records:
            processes.ask_to_end(record)
        for record in records:
            processes.wait_for_end(record, grace_s=_STOP_GRACE_S)
        self._started.clear()

    def _log(self, part: str) -> Path:
        return self.directory / f"{part}.log"

    def _record(self, part: str) -> Path:
        return self.directory / f"{part}.record"


def _repo_server_flags(ports: dict[str, int]) -> list[str]:
    return [
        "--address=127.0.0.1",
        f"--port={ports['repo']}",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={ports['repo-metrics']}",
        "--disable-tls",
    ]


def _controller_flags(ports: dict[str, int]) -> list[str]:
    return [
        f"--namespace={NAMESPACE}",
        f"--repo-server=127.0.0.1:{ports['repo']}",
        "--repo-server-plaintext",
        f"--metrics-port={ports['controller-metrics']}",  # its page is served on all interfaces; no flag changes that
        "--persist-resource-health",  # else the health of a resource is in Redis only
    ]


def _manifests() -> dict[str, object]:
    """Everything that an installation has beside its workloads, as empty as it may be."""
    metadata = {"namespace": NAMESPACE, "labels": _PART_OF}
    anything = {"group": "*", "kind": "*"}
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [anything],
    }
    items: list[dict[str, object]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", **metadata}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-rbac-cm", **metadata}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "argocd-secret", **metadata},
            "stringData": {"server.secretkey": _SERVER_KEY},
        },
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "default", **metadata},
            "spec": spec,
        },
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _free_ports() -> dict[str, int]:
    return dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_REQUEST_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=_REQUEST_TIMEOUT_S, trust_env=False).is_success
    except httpx.TransportError:
        return False
