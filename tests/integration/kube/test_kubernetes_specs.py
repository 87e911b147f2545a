"""What stands wrong in objects of a real API server: read under the shipped rights, dated by managed fields."""

import asyncio
from typing import Any

import msgspec
import pytest

from noctuary.kube.client import KubeClient
from noctuary.models import details
from noctuary.models.context_event import ContextEvent
from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.models.live_view import LiveView
from noctuary.sources.kubernetes.live_reader import make_live_reader
from testbed.watched_cluster import SELECTOR, WatchedCluster

NETWORKING = "/apis/networking.k8s.io/v1"
STRATEGIC = "application/strategic-merge-patch+json"
NEXT_SECOND_S = 2.1
"""Times of the API server are whole seconds: what must be told apart is this far apart."""


def service(name: str, selects: str, port: int = 80) -> dict[str, Any]:
    spec = {"selector": {SELECTOR: selects}, "ports": [{"port": port, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def ingress(name: str, to: str) -> dict[str, Any]:
    backend = {"service": {"name": to, "port": {"number": 80}}}
    meta = {"name": name, "labels": {SELECTOR: "shop"}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": meta,
        "spec": {"defaultBackend": backend},
    }


def closed(name: str) -> dict[str, Any]:
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


async def look(world: WatchedCluster) -> LiveView:
    kube = await KubeClient.connect(world.receiver_kubeconfig)
    view = await make_live_reader(kube, namespaces_s=10)(
        [ServiceView("shop", Relation.OWN, world.namespace, [world.namespace])]
    )
    await kube.close()
    assert view is not None
    return view


async def told(world: WatchedCluster) -> dict[str, ContextEvent]:
    return {event.details.get(details.REASON, ""): event for event in (await look(world)).events}


async def write(world: WatchedCluster, name: str, spec: dict[str, Any], manager: str) -> None:
    """Patch a Service under the name of a manager, as kubectl does."""
    path = f"/api/v1/namespaces/{world.namespace}/services/{name}"
    body = msgspec.json.encode({"spec": spec})
    query = {"fieldManager": manager}
    await world.admin.request("PATCH", path, query=query, body=body, content_type=STRATEGIC)


async def test_a_selector_that_somebody_edited_is_dated_and_told_with_who_did_it(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1")
    await world.a_pod("shop")
    await world.apply("/api/v1", "services", service("shop", "shop"))
    assert "ServiceSelectsNothing" not in await told(world)
    await asyncio.sleep(NEXT_SECOND_S)
    await write(world, "shop", {"selector": {SELECTOR: "shpo"}}, "kubectl-edit")
    found = (await told(world))["ServiceSelectsNothing"]
    assert (found.details[details.WRITTEN_BY], found.details[details.SELECTOR]) == ("kubectl-edit", f"{SELECTOR}=shpo")
    assert found.details[details.INSTEAD] == f"{SELECTOR}=shop"
    assert 0 <= found.last_seen - found.timestamp < 60


async def test_ports_addresses_routes_and_policies_that_lead_nowhere_are_told(world: WatchedCluster) -> None:
    await world.roll_out("shop", "shop:1", env={"DB_ADDR": "postgress:5432"})
    await world.a_pod("shop")
    await world.apply("/api/v1", "services", service("shop", "shop"))
    await world.apply("/api/v1", "services", service("postgres", "postgres", 5432))
    await world.apply(NETWORKING, "ingresses", ingress("shop", "shop-v2"))
    await world.apply(NETWORKING, "networkpolicies", closed("deny"))
    found = await told(world)
    assert found["AddressServiceMissing"].details[details.INSTEAD] == "postgres"
    assert found["RouteServiceMissing"].details[details.BACKEND] == "shop-v2"
    assert found["PolicyBlocksAll"].details[details.WORKLOAD] == "shop"
    assert found["ServiceTargetPortUnknown"].details[details.PORT] == "http"


@pytest.mark.parametrize("resource", ["services", "endpointslices", "ingresses", "networkpolicies"])
async def test_the_shipped_rights_leave_no_kind_unread(world: WatchedCluster, resource: str) -> None:
    assert not [gap for gap in (await look(world)).gaps if resource in gap]
