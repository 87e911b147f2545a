"""A cluster of our own, where the Gateway API comes and goes, and a test that plays its controller."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.localkube import Cluster, LocalKube
from testbed.operating.gateway_api import CRDS, GatewayAPI, http_route_crd
from testbed.operating.team import OperatorProcess, StartOperator
from testbed.polling import eventually


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A control plane of our own: nobody else's Gateway API may come and go."""
    with LocalKube(crds=CRDS) as running:
        yield running


@pytest.fixture(scope="session")
def gateway_crd() -> Path:
    """The Gateway API's own CRD of HTTPRoute."""
    return http_route_crd()


@pytest.fixture
def gateway_api(cluster: Cluster, gateway_crd: Path) -> GatewayAPI:
    """The Gateway API, installed."""
    api = GatewayAPI(cluster, gateway_crd)
    api.install()
    return api


@pytest.fixture
def no_gateway_api(cluster: Cluster, gateway_crd: Path) -> GatewayAPI:
    """The Gateway API, to be installed."""
    api = GatewayAPI(cluster, gateway_crd)
    api.remove()
    return api


@pytest.fixture
def written() -> Callable[[Any, dict[str, int]], dict[str, int]]:
    """Tells what an operator wrote since its counters were read."""

    def since(operator: OperatorProcess, before: dict[str, int]) -> dict[str, int]:
        changes = {kind: count - before.get(kind, 0) for kind, count in operator.writes().items()}
        return {kind: count for kind, count in changes.items() if count}

    return since


@pytest.fixture
def own_operator(cluster: Cluster, start_operator: StartOperator) -> Any:
    """An operator with nothing to work but this test's own: what earlier tests leave behind would count too."""
    left = ["get", "pdi", "--all-namespaces", "--output=name"]
    eventually("no integration is left", lambda: not cluster.kubectl(*left).strip(), timeout_s=60)
    return start_operator()
