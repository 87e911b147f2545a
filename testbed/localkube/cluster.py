"""A cluster as tests see it: reached by a kubeconfig, whoever runs it."""

import json
import os
import subprocess
from pathlib import Path

from testbed.localkube.errors import LocalKubeError
from testbed.localkube.kubeconfig import write_kubeconfig, write_secret

_KUBECTL_TIMEOUT_S = 120.0  # longer than any wait a caller asks kubectl for


class Cluster:
    """An API server, the administrator's kubeconfig for it and a directory for files that end with it."""

    def __init__(self, directory: Path, kubectl_path: Path) -> None:
        self.dir = directory
        self.kubectl_path = kubectl_path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.dir / "kubeconfig"

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")

    @property
    def ca_file(self) -> Path:
        """The certificate authority of the API server."""
        return self.dir / "pki" / "ca.crt"

    def kubectl(self, *args: str, input: str | None = None) -> str:  # noqa: A002 - as subprocess.run names it
        """Run kubectl as administrator and return what it prints.

        Raises LocalKubeError with kubectl's own words when it fails.
        """
        fixed = [str(self.kubectl_path), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.dir / 'kubectl'}"]
        environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        result = subprocess.run(
            [*fixed, *args],
            input=input if input is not None else "",
            capture_output=True,
            text=True,
            timeout=_KUBECTL_TIMEOUT_S,
            check=False,
            env=environment,
        )
        if result.returncode != 0:
            raise LocalKubeError(f"kubectl {' '.join(args)} failed: {result.stderr.strip()}")
        return result.stdout

    def install_crds(self, *manifests: Path) -> None:
        """Apply CRDs and wait until the API server serves them."""
        if not manifests:
            return
        files = [f"--filename={manifest}" for manifest in manifests]
        self.kubectl("apply", "--server-side", *files)
        # Until a CRD has any condition at all, waiting for one of them is refused.
        self.kubectl("wait", "--for=jsonpath={.status.conditions}", "--timeout=30s", *files)
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *files)

    def create_token(self, namespace: str, service_account: str, *, lifetime_s: int = 3600) -> str:
        """Ask the API server for a token; it grants no lifetime under 600 s."""
        return self.kubectl(
            "create", "token", service_account, f"--namespace={namespace}", f"--duration={lifetime_s}s"
        ).strip()

    def service_account_uid(self, namespace: str, service_account: str) -> str:
        """The uid of a ServiceAccount."""
        return self.kubectl(
            "get", "serviceaccount", service_account, f"--namespace={namespace}", "-o", "jsonpath={.metadata.uid}"
        )

    def identity_kubeconfig(self, namespace: str, service_account: str, *, token_file: bool = False) -> Path:
        """Write a kubeconfig that acts as a ServiceAccount, which is made when missing.

        With `token_file` the kubeconfig names a file (`token_path`) whose token can be exchanged while it is in use.
        """
        self._ensure_service_account(namespace, service_account)
        token = self.create_token(namespace, service_account)
        path = self._identity(namespace, service_account, "kubeconfig")
        user = {"token": token}
        if token_file:
            token_path = self.token_path(namespace, service_account)
            write_secret(token_path, token)
            user = {"tokenFile": str(token_path)}
        return write_kubeconfig(path, server=self.server, ca_file=self.ca_file, user=user, namespace=namespace)

    def token_path(self, namespace: str, service_account: str) -> Path:
        """The file that an identity's kubeconfig reads its token from."""
        return self._identity(namespace, service_account, "token")

    def write_token(self, namespace: str, service_account: str, token: str) -> None:
        """Exchange the token of an identity that was made with `token_file`."""
        write_secret(self.token_path(namespace, service_account), token)

    def _identity(self, namespace: str, service_account: str, suffix: str) -> Path:
        directory = self.dir / "identities"
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory / f"{namespace}-{service_account}.{suffix}"

    def _ensure_service_account(self, namespace: str, service_account: str) -> None:
        metadata = {"name": service_account, "namespace": namespace}
        manifest = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        self.kubectl("apply", "--server-side", "--field-manager=localkube", "--filename=-", input=json.dumps(manifest))
