"""Which cluster tests run against: one of our own, unless the user names another and says that it may be used."""

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from testbed.localkube.binaries import find_binaries
from testbed.localkube.cluster import Cluster
from testbed.localkube.errors import LocalKubeError
from testbed.localkube.kubeconfig import write_secret
from testbed.localkube.localkube import LocalKube

ALLOW_VARIABLE = "NOCTUARY_TEST_CLUSTER"
ALLOW = "allow"
_VIEW_TIMEOUT_S = 30.0  # reads files only


def borrowed_kubeconfig(environment: Mapping[str, str]) -> str | None:
    """What KUBECONFIG names, if NOCTUARY_TEST_CLUSTER=allow says that tests may write to that cluster."""
    if environment.get(ALLOW_VARIABLE) != ALLOW:
        return None
    return environment.get("KUBECONFIG") or None


@contextlib.contextmanager
def cluster_for_tests(crds: Sequence[Path], environment: Mapping[str, str] = os.environ) -> Iterator[Cluster]:
    """A cluster that serves our CRDs: the allowed one of KUBECONFIG, else one that ends with the block."""
    named = borrowed_kubeconfig(environment)
    if named is None:
        with LocalKube(crds=crds) as local:
            yield local
        return
    with borrowed_cluster(named, f"unset {ALLOW_VARIABLE} to run a local cluster") as borrowed:
        borrowed.install_crds(*crds)
        yield borrowed


@contextlib.contextmanager
def borrowed_cluster(named: str, otherwise: str) -> Iterator[Cluster]:
    """Reach the cluster of a kubeconfig's current context.

    Raises LocalKubeError where that names none, with `otherwise` as the other thing that its owner can do.
    """
    with tempfile.TemporaryDirectory(prefix="noctuary-borrowed-") as directory:
        yield _borrow(named, Path(directory), otherwise)


def _borrow(named: str, directory: Path, otherwise: str) -> Cluster:
    kubectl = Path(shutil.which("kubectl") or find_binaries().path("kubectl"))
    flat = _current_context(kubectl, named, otherwise)
    cluster = Cluster(directory, kubectl)
    write_secret(cluster.kubeconfig, flat)
    cluster.ca_file.parent.mkdir(mode=0o700)
    cluster.ca_file.write_bytes(_authority(flat, named))
    return cluster


def _current_context(kubectl: Path, named: str, otherwise: str) -> str:
    result = subprocess.run(
        [str(kubectl), "config", "view", "--raw", "--flatten", "--minify"],
        capture_output=True,
        text=True,
        timeout=_VIEW_TIMEOUT_S,
        check=False,
        env={**os.environ, "KUBECONFIG": named},
    )
    if result.returncode != 0:
        raise LocalKubeError(
            f"KUBECONFIG={named} cannot be used: {result.stderr.strip()}. "
            f"Name a kubeconfig with a current context, or {otherwise}."
        )
    return result.stdout


def _authority(flat: str, named: str) -> bytes:
    encoded = yaml.safe_load(flat)["clusters"][0]["cluster"].get("certificate-authority-data")
    if not encoded:
        raise LocalKubeError(
            f"KUBECONFIG={named} names no certificate authority; add certificate-authority to its cluster"
        )
    return base64.b64decode(encoded)
