"""A cluster of our own that serves HTTPRoutes: nobody else's Gateway API may be needed, or in the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.localkube import Cluster, LocalKube
from testbed.operating.gateway_api import CRDS, http_route_crd


@pytest.fixture(scope="session")
def gateway_crd() -> Path:
    """The Gateway API's own CRD of HTTPRoute."""
    return http_route_crd()


@pytest.fixture(scope="session")
def cluster(gateway_crd: Path) -> Iterator[Cluster]:
    """A control plane that serves our kind, Ingresses and HTTPRoutes."""
    with LocalKube(crds=[*CRDS, gateway_crd]) as running:
        yield running
