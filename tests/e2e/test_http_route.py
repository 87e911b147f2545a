"""Routes of the Gateway API: what a real Gateway accepts is Ready, what it refuses is not."""

from testbed.e2e.kubectl import Manifest
from testbed.e2e.team import Team
from testbed.polling import eventually

OPEN = {"name": "traefik", "namespace": "traefik", "sectionName": "websecure"}


def closed_gateway(namespace: str) -> Manifest:
    """Build a Gateway that takes routes of its own namespace only."""
    listener = {
        "name": "closed",
        "port": 8000,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "Same"}},
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "closed", "namespace": namespace},
        "spec": {"gatewayClassName": "traefik", "listeners": [listener]},
    }


def test_a_webhook_through_a_gateway_by_host_name_and_tls_becomes_a_note(team: Team) -> None:
    team.declare(["shop"], {"type": "HTTPRoute", "parentRefs": [OPEN]})
    subscription = team.subscribe()
    team.wait_ready()
    assert team.conditions()["RouteReady"]["reason"] == "GatewayAccepted"
    incident = team.pagerduty.trigger("shop", "shop: error rate above 5 %")
    assert "noctuary ref nct:" in team.pagerduty.note(incident)
    (webhook,) = team.pagerduty.webhooks(incident, subscription)
    assert webhook["attempts"][-1]["status"] == 202


def test_a_route_that_the_gateway_s_listener_refuses_is_not_ready_and_says_so(team: Team) -> None:
    team.kubectl.apply(closed_gateway(team.namespace))
    parent = {"name": "closed", "namespace": team.namespace, "sectionName": "closed"}
    team.declare(["shop"], {"type": "HTTPRoute", "parentRefs": [parent]})
    team.subscribe()
    refused = eventually(
        "the answer is right",
        lambda: team.conditions().get("RouteReady", {}),
        lambda each: each.get("reason") == "GatewayRefused",
    )
    assert refused["status"] == "False"
    assert f"{team.namespace}/closed" in refused["message"]
    assert team.conditions()["Ready"]["status"] == "False"
