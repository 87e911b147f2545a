"""Create the kind cluster and fill it: images, Gateway API, ingress controller, a certificate for the test host."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from hack.image.docker import Docker
from hack.lib.certificates import Authority
from hack.lib.tether import tethered
from testbed.kind.errors import KindError
from testbed.kind.ingress import HTTP_NODE_PORT, HTTPS_NODE_PORT
from testbed.kind.nodeimage import REPOSITORY
from testbed.kind.teardown import kind_environment

TEST_HOST = "noctuary.example.com"
_CREATE_TIMEOUT_S = 420.0  # half a minute on a free machine
_LOAD_TIMEOUT_S = 180.0
_KUBECTL_TIMEOUT_S = 180.0
_READY_WAIT = "240s"
_LOG_LINES = 25


@dataclass(frozen=True)
class KindCluster:
    """One cluster and the programs that reach it."""

    name: str
    kind: Path
    kubectl: Path
    docker: Docker
    directory: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.directory / "kubeconfig"

    def create(self, node_image: str | None, https_port: int, http_port: int) -> None:
        """Create the cluster, with a node image made here or with kind's own."""
        config = self.directory / "kind.yaml"
        config.write_text(yaml.safe_dump(_config(node_image, https_port, http_port)))
        arguments = ["create", "cluster", "--name", self.name, "--config", str(config), "--wait", _READY_WAIT]
        self._kind([*arguments, "--kubeconfig", str(self.kubeconfig)], _CREATE_TIMEOUT_S)

    def load(self, *images: str) -> None:
        """Copy images from Docker into the node."""
        self._kind(["load", "docker-image", *images, "--name", self.name], _LOAD_TIMEOUT_S)

    def load_archive(self, archive: Path) -> None:
        """Copy an image archive into the node."""
        self._kind(["load", "image-archive", str(archive), "--name", self.name], _LOAD_TIMEOUT_S)

    def run(self, *arguments: str, text: str = "") -> str:
        """Run kubectl as administrator. Raises KindError in kubectl's own words."""
        command = [str(self.kubectl), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=_KUBECTL_TIMEOUT_S, check=False
        )
        if done.returncode != 0:
            raise KindError(f"kubectl {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout

    def gateway(self) -> str:
        """The address under which pods reach this machine: that of the Docker network's bridge."""
        networks = json.loads(self.docker.run("network", "inspect", "kind"))
        addresses = (entry.get("Gateway", "") for entry in networks[0]["IPAM"]["Config"])
        return next((address for address in addresses if "." in address), "")

    def _kind(self, arguments: list[str], timeout_s: float) -> None:
        # Without us nobody may go on creating what is being taken down.
        done = subprocess.run(
            tethered([str(self.kind), *arguments], die_with=os.getpid()),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=kind_environment(self.docker),
        )
        if done.returncode != 0:
            tail = "\n".join(done.stderr.splitlines()[-_LOG_LINES:])
            raise KindError(f"kind {' '.join(arguments[:2])} failed:\n{tail}")


def install_ingress(cluster: KindCluster, crds: Path, manifest: str) -> None:
    """Install the Gateway API, the test host's certificate and the ingress controller, and wait until it is ready."""
    cluster.run("apply", "--server-side", f"--filename={crds}")
    cluster.run("wait", "--for=condition=Established", "--timeout=60s", f"--filename={crds}")
    cluster.run("apply", "--server-side", "--filename=-", text=manifest)
    put_certificate(cluster, "traefik")
    cluster.run("--namespace=traefik", "rollout", "status", "deployment/traefik", "--timeout=150s")


def issue_certificate(directory: Path) -> None:
    """Write an authority `ca.crt` and a certificate `test-host.crt` and `.key` for the test host."""
    authority = Authority("noctuary end-to-end tests")
    authority.write(directory / "ca.crt")
    authority.issue(directory / "test-host", TEST_HOST, names=[TEST_HOST, f"*.{TEST_HOST}"])


def put_certificate(cluster: KindCluster, namespace: str) -> None:
    """Store the test host's certificate as the Secret `test-host` of a namespace."""
    stem = cluster.directory / "test-host"
    files = [f"--cert={stem}.crt", f"--key={stem}.key"]
    secret = cluster.run(f"--namespace={namespace}", "create", "secret", "tls", "test-host", *files, *_DRY)
    cluster.run("apply", "--server-side", "--filename=-", text=secret)


_DRY = ("--dry-run=client", "--output=yaml")


def _config(node_image: str | None, https_port: int, http_port: int) -> dict[str, object]:
    ports = ((HTTP_NODE_PORT, http_port), (HTTPS_NODE_PORT, https_port))
    mappings = [
        {"containerPort": inside, "hostPort": outside, "listenAddress": "127.0.0.1"} for inside, outside in ports
    ]
    node: dict[str, object] = {"role": "control-plane", "extraPortMappings": mappings}
    config: dict[str, object] = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": [node]}
    if node_image is not None:
        node["image"] = node_image
        # Our node brings its network; one node needs no more than a bridge.
        config["networking"] = {"disableDefaultCNI": True}
        patch = {"kind": "ClusterConfiguration", "imageRepository": REPOSITORY}
        config["kubeadmConfigPatches"] = [yaml.safe_dump(patch)]
    return config
