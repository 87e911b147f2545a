"""A real Kubernetes control plane on loopback, without Docker and without root."""

from hack.localkube.cluster import Cluster
from hack.localkube.errors import LocalKubeError
from hack.localkube.localkube import LocalKube

__all__ = ["Cluster", "LocalKube", "LocalKubeError"]
