"""The image of the release before this one, built from its own sources and brought to the cluster."""

from pathlib import Path

from hack.image.docker import Docker, build_with_docker
from hack.image.store import Store
from testbed.kind.cluster import KindCluster
from testbed.kind.progress import report
from testbed.kind.state import ClusterRecord

NAME = "noctuary:0.2.0-before"
"""No tag that anything else here has."""


def load_earlier_image(facts: ClusterRecord, tree: Path) -> str:
    """Build the image of a release's sources by its own Dockerfile and locked packages; return its name."""
    docker = Docker(facts.docker, facts.docker_host)
    build_with_docker(Store("image", report), docker, NAME, {"VERSION": "0.2.0", "REVISION": "before"}, tree)
    directory = Path(facts.kubeconfig).parent
    KindCluster(facts.cluster, Path(facts.kind), Path(facts.kubectl), docker, directory).load(NAME)
    return NAME
