"""The Gateway API and what its controllers do, where only its CRD is real."""

import json
from pathlib import Path
from typing import Any

from hack.image.store import Store
from testbed.kind.machine.programs import Programs
from testbed.kind.progress import report
from testbed.localkube import Cluster, LocalKubeError
from testbed.operating.team import Team
from testbed.polling import eventually

CRDS = sorted((Path(__file__).resolve().parents[2] / "crds").glob("*.yaml"))
HTTPROUTES = "httproutes.gateway.networking.k8s.io"
PARENT = {"name": "public", "namespace": "gateways", "sectionName": "https"}
HEALED_WITHIN_S = 60.0
"""Four times as long as the operator takes to look again for a kind that was missing."""


def http_route_crd() -> Path:
    """Return the Gateway API's own CRD of HTTPRoute."""
    return Programs(Store("kind", report)).gateway_crds() / "gateway.networking.k8s.io_httproutes.yaml"


class GatewayAPI:
    """The kind HTTPRoute, and what a Gateway's controller does with its objects."""

    route = {"type": "HTTPRoute", "parentRefs": [PARENT]}  # noqa: RUF012 - merged into specs, never changed
    healed_within_s = HEALED_WITHIN_S

    def __init__(self, cluster: Cluster, crd: Path) -> None:
        self._cluster = cluster
        self._crd = crd

    def install(self) -> None:
        """Install the CRD and wait until its objects are served."""
        self._cluster.install_crds(self._crd)
        eventually("HTTPRoutes are served", self._is_served, timeout_s=HEALED_WITHIN_S)

    def remove(self) -> None:
        """Remove the CRD and all its objects."""
        self._cluster.kubectl("delete", "crd", HTTPROUTES, "--ignore-not-found")

    def _is_served(self) -> bool:
        try:
            self._cluster.kubectl("get", HTTPROUTES)
        except LocalKubeError:
            return False
        return True

    def declare(self, team: Team, name: str = "payments", **route: Any) -> str:
        """Apply an integration and wait until its HTTPRoute waits for a Gateway; return the id."""
        team.apply(name, webhook={"route": {**self.route, **route}})
        team.settled(name, "RouteNotAdmitted", "RouteReady", HEALED_WITHIN_S)
        return team.id(name)

    def http_route(self, team: Team, integration_id: str) -> dict[str, Any] | None:
        """Return the HTTPRoute of an integration."""
        return team.route(HTTPROUTES, integration_id)

    def _name(self, team: Team, integration_id: str) -> str:
        found = self.http_route(team, integration_id)
        if found is None:
            raise AssertionError(f"integration {integration_id} has no HTTPRoute")
        return str(found["metadata"]["name"])

    def edit(self, team: Team, integration_id: str, patch: dict[str, Any], *options: str) -> None:
        """Merge into the HTTPRoute as somebody else."""
        arguments = ["patch", HTTPROUTES, self._name(team, integration_id), "--type=merge", "-p", json.dumps(patch)]
        self._cluster.kubectl("-n", team.release, *arguments, *options)

    def delete(self, team: Team, integration_id: str) -> None:
        """Delete the HTTPRoute as somebody else."""
        self._cluster.kubectl("-n", team.release, "delete", HTTPROUTES, self._name(team, integration_id))

    def answer(
        self, team: Team, integration_id: str, *, accepted: str = "True", reason: str = "Accepted", generation: int = 1
    ) -> None:
        """Say what a Gateway's controller says."""
        said = {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation, "message": "its words"}
        conditions = [
            {"type": "Accepted", "status": accepted, "reason": reason, **said},
            {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", **said},
        ]
        parents = [{"parentRef": PARENT, "controllerName": "example.com/gateway", "conditions": conditions}]
        self.edit(team, integration_id, {"status": {"parents": parents}}, "--subresource=status")
