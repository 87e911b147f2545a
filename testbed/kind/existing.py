"""A cluster that is there already: used only when its owner says so, and never created or removed."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from hack.chart.tools import HELM3, HELM4, find_tool
from testbed.kind.cluster import TEST_HOST, issue_certificate
from testbed.kind.errors import KindError
from testbed.kind.progress import report
from testbed.kind.state import ClusterRecord
from testbed.localkube.binaries import find_binaries
from testbed.localkube.choice import ALLOW, ALLOW_VARIABLE, borrowed_kubeconfig

IMAGE_VARIABLE = "NOCTUARY_E2E_IMAGE"
"""The image's name where the cluster can pull it."""


@contextmanager
def existing_cluster(environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Yield the file of facts about the cluster of KUBECONFIG.

    Its ingress controller is not known, so tests that come in through the front door are skipped. Raises KindError when
    the cluster may not be used.
    """
    kubeconfig = borrowed_kubeconfig(environment)
    if kubeconfig is None:
        raise KindError(
            f"CLUSTER=existing installs and deletes in the cluster of KUBECONFIG: name one, "
            f"and say {ALLOW_VARIABLE}={ALLOW}"
        )
    if not environment.get(IMAGE_VARIABLE):
        raise KindError(f"CLUSTER=existing needs an image that the cluster can pull: name it by {IMAGE_VARIABLE}")
    with TemporaryDirectory(prefix="noctuary-existing-") as directory:
        issue_certificate(Path(directory))
        facts = _facts(kubeconfig, environment[IMAGE_VARIABLE], Path(directory))
        path = Path(directory) / "facts.json"
        path.write_bytes(msgspec.json.encode(facts))
        yield path


def _facts(kubeconfig: str, image: str, directory: Path) -> ClusterRecord:
    return ClusterRecord(
        kubeconfig=kubeconfig,
        kubectl=shutil.which("kubectl") or str(find_binaries().path("kubectl")),
        helm=str(find_tool(HELM3, progress=report)),
        helm4=str(find_tool(HELM4, progress=report)),
        image=image,
        image_archive=None,
        authority=str(directory / "ca.crt"),
        certificate=str(directory / "test-host.crt"),
        certificate_key=str(directory / "test-host.key"),
        host=TEST_HOST,
        https_port=0,
        http_port=0,
        gateway="",
        docker="",
        docker_host=None,
        kind="",
        cluster="existing",
        seconds={},
    )
