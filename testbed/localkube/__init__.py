"""A real Kubernetes control plane on loopback, without Docker and without root."""

from testbed.localkube.choice import borrowed_cluster, borrowed_kubeconfig, cluster_for_tests
from testbed.localkube.cluster import Cluster
from testbed.localkube.errors import LocalKubeError
from testbed.localkube.identities import Identities, grant, revoke
from testbed.localkube.localkube import LocalKube

__all__ = [
    "Cluster",
    "Identities",
    "LocalKube",
    "LocalKubeError",
    "borrowed_cluster",
    "borrowed_kubeconfig",
    "cluster_for_tests",
    "grant",
    "revoke",
]
