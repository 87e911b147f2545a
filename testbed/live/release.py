"""The release that is measured: operator and receiver of any checkout, as processes beside the cluster."""

import base64
import json
import os
from pathlib import Path

import yaml

from testbed.kind.state import ClusterRecord
from testbed.localkube import Cluster, Identities
from testbed.localkube.identities import OPERATOR, RECEIVER, Manifest, shipped_manifests
from testbed.localkube.kubeconfig import write_secret
from testbed.stage.release import StagedRelease

TOKEN_LIFETIME_S = 4 * 3600
"""Longer than the longest run."""


def borrowed(facts: ClusterRecord, directory: Path) -> Cluster:
    """The kind cluster as the stage's tools see a cluster."""
    flat = Path(facts.kubeconfig).read_text()
    cluster = Cluster(directory, Path(facts.kubectl))
    write_secret(cluster.kubeconfig, flat)
    cluster.ca_file.parent.mkdir(mode=0o700)
    authority = yaml.safe_load(flat)["clusters"][0]["cluster"]["certificate-authority-data"]
    cluster.ca_file.write_bytes(base64.b64decode(authority))
    return cluster


class TreeRelease(StagedRelease):
    """A release whose programs, CRDs and Roles are those of a checkout."""

    def __init__(self, cluster: Cluster, pagerduty_url: str, directory: Path, tree: Path) -> None:
        super().__init__(cluster, pagerduty_url, directory, log_level="info")
        self._tree = tree
        self._kube = cluster

    def install(self) -> None:
        """Install CRDs and Roles, and start both programs."""
        self._kube.install_crds(*sorted((self._tree / "crds").glob("*.yaml")))
        self._kube.kubectl("create", "namespace", self.namespace)
        self._kube.kubectl("apply", "--server-side", "--filename=-", input=self._roles())
        # `-m` would look in the working directory before it looks where we say.
        sources = {"PYTHONPATH": f"{self._tree}{os.pathsep}{self._tree / 'operator'}", "PYTHONSAFEPATH": "1"}
        self.prepare(Identities(self._identity(OPERATOR), self._identity(RECEIVER)), sources, sources)
        self.operator.start()
        self.receiver.start()

    def remove(self) -> None:
        """End both programs and remove what outlives the namespace."""
        self.stop()
        lasting = [each for each in self._manifests() if each["kind"].startswith("Cluster")]
        self._kube.kubectl("delete", "--ignore-not-found", "--filename=-", input=_as_list(lasting))

    def _identity(self, account: str) -> Path:
        path = self._kube.identity_kubeconfig(self.namespace, account, token_file=True)
        token = self._kube.create_token(self.namespace, account, lifetime_s=TOKEN_LIFETIME_S)
        self._kube.write_token(self.namespace, account, token)
        return path

    def _manifests(self) -> list[Manifest]:
        return shipped_manifests(self.namespace, self._tree / "charts" / "noctuary" / "files" / "rbac")

    def _roles(self) -> str:
        return _as_list(self._manifests())


def _as_list(manifests: list[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
