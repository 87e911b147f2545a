"""The cluster as the measurement reaches it: kubectl as a person uses it, and plain reads over HTTP."""

import base64
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from testbed.kind.state import ClusterRecord

Manifest = dict[str, Any]
KUBECTL_TIMEOUT_S = 90.0
"""Longer than any wait that a scenario asks kubectl for."""
READ_TIMEOUT_S = 10.0


class LiveError(Exception):
    """A step of a scenario could not be done; the text holds the cluster's own words."""


@dataclass(frozen=True)
class LiveCluster:
    """One cluster, as administrator."""

    kubectl_path: str
    kubeconfig: str
    client: httpx.Client
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the run ends early: nobody waits any longer."""

    def kubectl(self, *arguments: str, text: str = "", check: bool = True) -> str:
        """Run kubectl and return what it prints; raises LiveError."""
        command = [self.kubectl_path, f"--kubeconfig={self.kubeconfig}", *arguments]
        try:
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, timeout=KUBECTL_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise LiveError(f"kubectl {' '.join(arguments)} did not end") from error
        if check and done.returncode != 0:
            raise LiveError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def read(self, path: str) -> Any:
        """GET a path of the API server; None when there is no such thing."""
        answer = self.client.get(path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().json()

    def items(self, path: str) -> list[Manifest]:
        """GET a list."""
        return list((self.read(path) or {}).get("items", []))

    def status(self, path: str) -> int:
        """GET a path and return the status only; 0 when there was no answer in time."""
        try:
            return self.client.get(path).status_code
        except httpx.HTTPError:
            return 0


@contextmanager
def open_cluster(facts: ClusterRecord) -> Iterator[LiveCluster]:
    """Reach the cluster with the administrator's certificate."""
    kubeconfig = yaml.safe_load(Path(facts.kubeconfig).read_text())
    server, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    trusted = ssl.create_default_context(cadata=base64.b64decode(server["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile(suffix=".pem") as own:  # the ssl module reads certificates from files only
        own.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        own.flush()
        trusted.load_cert_chain(own.name)
    options: dict[str, Any] = {"base_url": server["server"], "verify": trusted, "trust_env": False}
    with httpx.Client(timeout=READ_TIMEOUT_S, **options) as client:
        yield LiveCluster(facts.kubectl, facts.kubeconfig, client)
