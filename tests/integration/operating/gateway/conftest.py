"""A cluster of our own, where the Gateway API comes and goes, and a test that plays its controller."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.image.store import Store
from hack.lib.cache import say
from noctuary.models.routing_record import record_secret_name
from testbed.kind.machine.programs import Programs
from testbed.localkube import Cluster, LocalKube, LocalKubeError

CRDS = sorted((Path(__file__).resolve().parents[4] / "crds").glob("*.yaml"))
HTTPROUTES = "httproutes.gateway.networking.k8s.io"
PARENT = {"name": "public", "namespace": "gateways", "sectionName": "https"}
HEALED_WITHIN_S = 60.0
"""Four times as long as the operator takes to look again for a kind that was missing."""


class GatewayAPI:
    """The kind HTTPRoute, and what a Gateway's controller does with its objects."""

    route = {"type": "HTTPRoute", "parentRefs": [PARENT]}  # noqa: RUF012 - merged into specs, never changed
    healed_within_s = HEALED_WITHIN_S

    def __init__(self, cluster: Cluster, definition: Path, until: Callable[..., Any]) -> None:
        self._cluster = cluster
        self._definition = definition
        self._until = until

    def install(self) -> None:
        """Install the definition and wait until its objects are served."""
        self._cluster.install_crds(self._definition)
        self._until("HTTPRoutes are served", self._is_served, HEALED_WITHIN_S)

    def remove(self) -> None:
        """Remove the definition and all its objects."""
        self._cluster.kubectl("delete", "crd", HTTPROUTES, "--ignore-not-found")

    def _is_served(self) -> bool:
        try:
            self._cluster.kubectl("get", HTTPROUTES)
        except LocalKubeError:
            return False
        return True

    def declare(self, team: Any, name: str = "payments", **route: Any) -> str:
        """Apply an integration and wait until its HTTPRoute waits for a Gateway; return the uid."""
        team.apply(name, webhook={"route": {**self.route, **route}})
        team.settled(name, "RouteNotAdmitted", "RouteReady", HEALED_WITHIN_S)
        return str(team.uid(name))

    def http_route(self, team: Any, uid: str) -> dict[str, Any] | None:
        """Return the HTTPRoute of an integration."""
        found: dict[str, Any] | None = team.get(HTTPROUTES, record_secret_name(uid), team.release)
        return found

    def edit(self, team: Any, uid: str, patch: dict[str, Any], *options: str) -> None:
        """Merge into the HTTPRoute as somebody else."""
        arguments = ["patch", HTTPROUTES, record_secret_name(uid), "--type=merge", "-p", json.dumps(patch)]
        self._cluster.kubectl("-n", team.release, *arguments, *options)

    def delete(self, team: Any, uid: str) -> None:
        """Delete the HTTPRoute as somebody else."""
        self._cluster.kubectl("-n", team.release, "delete", HTTPROUTES, record_secret_name(uid))

    def answer(
        self, team: Any, uid: str, *, accepted: str = "True", reason: str = "Accepted", generation: int = 1
    ) -> None:
        """Say what a Gateway's controller says."""
        said = {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation, "message": "its words"}
        conditions = [
            {"type": "Accepted", "status": accepted, "reason": reason, **said},
            {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", **said},
        ]
        parents = [{"parentRef": PARENT, "controllerName": "example.com/gateway", "conditions": conditions}]
        self.edit(team, uid, {"status": {"parents": parents}}, "--subresource=status")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A control plane of our own: nobody else's Gateway API may come and go."""
    with LocalKube(crds=CRDS) as running:
        yield running


@pytest.fixture(scope="session")
def definition() -> Path:
    """The Gateway API's own definition of HTTPRoute."""
    return Programs(Store("kind", say)).gateway_definitions() / "gateway.networking.k8s.io_httproutes.yaml"


@pytest.fixture
def gateway_api(cluster: Cluster, definition: Path, eventually: Callable[..., Any]) -> GatewayAPI:
    """The Gateway API, installed."""
    api = GatewayAPI(cluster, definition, eventually)
    api.install()
    return api


@pytest.fixture
def no_gateway_api(cluster: Cluster, definition: Path, eventually: Callable[..., Any]) -> GatewayAPI:
    """The Gateway API, to be installed."""
    api = GatewayAPI(cluster, definition, eventually)
    api.remove()
    return api


@pytest.fixture
def written() -> Callable[[Any, dict[str, int]], dict[str, int]]:
    """Tells what an operator wrote since its counters were read."""

    def since(operator: Any, before: dict[str, int]) -> dict[str, int]:
        changes = {kind: count - before.get(kind, 0) for kind, count in operator.writes().items()}
        return {kind: count for kind, count in changes.items() if count}

    return since


@pytest.fixture
def own_operator(cluster: Cluster, eventually: Callable[..., Any], start_operator: Callable[..., Any]) -> Any:
    """An operator with nothing to work but this test's own: what earlier tests leave behind would count too."""
    left = ["get", "pdi", "--all-namespaces", "--output=name"]
    eventually("no integration is left", lambda: not cluster.kubectl(*left).strip(), deadline_s=60)
    return start_operator()
