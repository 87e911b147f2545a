"""A real Kubernetes control plane on loopback, without Docker and without root."""

from hack.localkube.choice import borrowed_kubeconfig, cluster_for_tests
from hack.localkube.cluster import Cluster
from hack.localkube.errors import LocalKubeError
from hack.localkube.identities import Identities, grant, revoke
from hack.localkube.localkube import LocalKube

__all__ = [
    "Cluster",
    "Identities",
    "LocalKube",
    "LocalKubeError",
    "borrowed_kubeconfig",
    "cluster_for_tests",
    "grant",
    "revoke",
]
