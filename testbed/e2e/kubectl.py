"""kubectl and Helm as an administrator uses them, against the cluster of an end-to-end run."""

import base64
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.kind.state import ClusterRecord

TIMEOUT_S = 150.0
Manifest = dict[str, Any]


class CommandFailedError(Exception):
    """kubectl or Helm failed; the text holds its own words."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl as administrator."""

    facts: ClusterRecord

    def __call__(self, *arguments: str, text: str = "", check: bool = True) -> str:
        """Run kubectl and return what it prints; raises CommandFailedError."""
        command = [self.facts.kubectl, f"--kubeconfig={self.facts.kubeconfig}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        if check and done.returncode != 0:
            raise CommandFailedError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects as a user would."""
        self("apply", "--server-side", "--filename=-", text=yaml.safe_dump_all(manifests))

    def get(self, kind: str, name: str, namespace: str) -> Manifest:
        """Read one object."""
        found: Manifest = yaml.safe_load(self("get", kind, name, f"--namespace={namespace}", "--output=yaml"))
        return found

    def find(self, kind: str, name: str, namespace: str) -> Manifest | None:
        """Read one object; None when it is not there."""
        where = f"--namespace={namespace}"
        return yaml.safe_load(self("get", kind, name, where, "--output=yaml", "--ignore-not-found")) or None

    def list(self, kinds: str, namespace: str | None = None, selector: str = "") -> list[Manifest]:
        """List objects of one namespace or of all."""
        where = f"--namespace={namespace}" if namespace else "--all-namespaces"
        found = yaml.safe_load(self("get", kinds, where, "--output=yaml", f"--selector={selector}"))
        return list(found["items"])

    def secret(self, name: str, namespace: str) -> dict[str, str]:
        """Read the values of a Secret; empty when it is not there."""
        found = self.find("secret", name, namespace) or {}
        return {key: base64.b64decode(value).decode() for key, value in found.get("data", {}).items()}

    def make_namespace(self, name: str) -> None:
        """Create a namespace in which Pod Security `restricted` is enforced."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def drop_namespace(self, name: str) -> None:
        """Delete a namespace without waiting for its end."""
        self("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def put_certificate(kubectl: Kubectl, namespace: str) -> str:
    """Store the test host's certificate in a namespace and return the name of its Secret."""
    facts = kubectl.facts
    data = {"tls.crt": Path(facts.certificate).read_text(), "tls.key": Path(facts.certificate_key).read_text()}
    metadata = {"name": "test-host", "namespace": namespace}
    kubectl.apply(
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "stringData": data}
    )
    return "test-host"


def helm(facts: ClusterRecord, program: str, home: Path, *arguments: str, timeout_s: float = 300.0) -> str:
    """Run a Helm with no settings of the user's; raises CommandFailedError."""
    own = {name: str(home) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HOME")}
    environment = {"PATH": os.defpath, "KUBECONFIG": facts.kubeconfig, **own}
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False, env=environment
    )
    if done.returncode != 0:
        raise CommandFailedError(f"helm {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
