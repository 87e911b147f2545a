"""One release: its namespace, the Roles of the chart, both programs under their own accounts."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from testbed.localkube import Cluster, Identities, grant, revoke
from testbed.ports import free_port
from testbed.stage.program import Program

ROOT = Path(__file__).resolve().parents[2]
CRDS = sorted((ROOT / "crds").glob("*.yaml"))
HOST = "noctuary.example.com"
READY_TIMEOUT_S = 90.0
"""Seconds are usual; a machine busy with other work gets its time."""
POLL_S = 0.05

T = TypeVar("T")


class StagedRelease:
    """Operator and receiver of one release namespace, each as a child process with exactly the chart's Roles."""

    def __init__(
        self,
        cluster: Cluster,
        pagerduty_url: str,
        directory: Path,
        namespace: str | None = None,
        *,
        log_level: str = "debug",
        watched: Sequence[str] = (),
    ) -> None:
        self.namespace = namespace or f"noctuary-{secrets.token_hex(3)}"
        self.directory = directory
        self.public_port = free_port()
        self.internal_port = free_port()
        self.operator_port = free_port()
        self._cluster = cluster
        self._pagerduty_url = pagerduty_url
        self._log_level = log_level
        self._watched = watched
        self._programs: list[Program] = []

    def install(self) -> None:
        """Create the namespace, the accounts and their Roles, and prepare both programs."""
        self._cluster.kubectl("create", "namespace", self.namespace)
        self.prepare(grant(self._cluster, self.namespace, watched=self._watched, token_file=True))

    def prepare(
        self, identities: Identities, operator: Mapping[str, str] = {}, receiver: Mapping[str, str] = {}
    ) -> None:
        """Prepare both programs under accounts that exist, with settings beside those that the stage needs."""
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = {
            "operator": {**operator, **self._operator_settings(identities.operator)},
            "receiver": {**receiver, **self._receiver_settings(identities.receiver)},
        }
        self._programs = [Program(name, settings[name], self.directory / f"{name}.log") for name in settings]

    @property
    def operator(self) -> Program:
        """The operator, once installed."""
        return self._programs[0]

    @property
    def receiver(self) -> Program:
        """The receiver, once installed."""
        return self._programs[1]

    def _common(self, kubeconfig: Path) -> dict[str, str]:
        watched = {"NOCTUARY_WATCH_NAMESPACES": ",".join(self._watched)} if self._watched else {}
        return {
            **watched,
            "NOCTUARY_RELEASE_NAMESPACE": self.namespace,
            "NOCTUARY_KUBECONFIG": str(kubeconfig),
            "NOCTUARY_IDENTITY": f"{self.namespace}-pod-0",  # a container that is started again keeps its pod's name
            "NOCTUARY_LOG_LEVEL": self._log_level,
        }

    def _operator_settings(self, kubeconfig: Path) -> dict[str, str]:
        return {
            **self._common(kubeconfig),
            "NOCTUARY_ALLOWED_WEBHOOK_HOSTS": HOST,
            "NOCTUARY_ALLOWED_API_HOSTS": self._pagerduty_url.split("//")[1],
            "NOCTUARY_ALLOW_HTTP_API": "true",
            "NOCTUARY_RECEIVER_INTERNAL_URL": f"http://127.0.0.1:{self.internal_port}",
            "NOCTUARY_HEALTH_PORT": str(self.operator_port),
            "NOCTUARY_MAX_INTEGRATIONS_PER_NAMESPACE": "100000",  # benchmarks fill single namespaces
        }

    def _receiver_settings(self, kubeconfig: Path) -> dict[str, str]:
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        return {
            **self._common(kubeconfig),
            "NOCTUARY_DATA_DIR": str(data),
            "NOCTUARY_EGRESS_HOSTS": self._pagerduty_url.split("//")[1],
            "NOCTUARY_EGRESS_PRIVATE_HOSTS": self._pagerduty_url.split("//")[1],
            "NOCTUARY_ALLOW_HTTP_API": "true",
            "NOCTUARY_HOST": "127.0.0.1",
            "NOCTUARY_PUBLIC_PORT": str(self.public_port),
            "NOCTUARY_INTERNAL_PORT": str(self.internal_port),
        }

    def local_url(self, url: str) -> str:
        """Return a webhook URL's counterpart without DNS and an ingress controller: the same path at the receiver."""
        return url.replace(f"https://{HOST}", f"http://127.0.0.1:{self.public_port}")

    def stop(self) -> None:
        """End both programs and remove the namespace and the Roles that would outlive it."""
        for program in reversed(self._programs):
            program.stop()
        if self._programs:
            revoke(self._cluster, self.namespace)
            self._cluster.kubectl("delete", "namespace", self.namespace, "--wait=false", "--ignore-not-found")
            self._programs = []
