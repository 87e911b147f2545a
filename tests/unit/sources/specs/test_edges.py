"""Who calls whom, as specs tell; and what that costs in a large namespace."""

from noctuary.models.diagnosis import Subject
from noctuary.models.reaching.edges import Edge
from noctuary.sources.kubernetes.specs.edges import calls, edges_of
from noctuary.sources.kubernetes.specs.network.addresses import addresses_of
from noctuary.sources.kubernetes.specs.registry import view_specs
from tests.unit.call_counts import calls_of
from tests.unit.sources.specs.spec_place import (
    Manifest,
    container,
    deployment,
    made,
    namespace_of,
    place,
    pods,
    service,
)

HTTP = {"containerPort": 8080, "name": "http"}


def calling(name: str, **env: str) -> list[Manifest]:
    told = [{"name": key, "value": value} for key, value in env.items()]
    return deployment(name, {"app": name}, container(HTTP, env=told))


def of(kind: str, name: str, namespace: str = "shop") -> Subject:
    return Subject(kind, namespace, name)


INGRESS = made("Ingress", "web", {"defaultBackend": {"service": {"name": "front", "port": {"name": "http"}}}})
ROUTE = made(
    "HTTPRoute", "web", {"rules": [{"backendRefs": [{"name": "front", "port": 80}, {"name": "gone", "port": 1}]}]}
)
SHOP = [
    INGRESS,
    ROUTE,
    *calling("front", PAY_URL="http://pay/x", GONE_URL="http://gone"),
    *calling("pay", CACHE_URL="redis://redis.data:6379"),
    service("front", {"app": "front"}, {"port": 80, "targetPort": "http", "name": "http"}),
    service("pay", {"app": "pay"}, {"port": 80, "targetPort": 8080}),
]
DATA = namespace_of(
    [service("redis", {"app": "redis"}, {"port": 6379}), *deployment("redis", {"app": "redis"})], name="data"
)


def test_edges_lead_from_routes_and_workloads_to_services_and_from_these_to_workloads() -> None:
    assert set(edges_of(place(SHOP, others=[DATA]))) == {
        Edge(of("Ingress", "web"), of("Service", "front"), "route", "http"),
        Edge(of("HTTPRoute", "web"), of("Service", "front"), "route", 80),
        Edge(of("Deployment", "front"), of("Service", "pay"), "address", 80),
        Edge(of("Deployment", "pay"), of("Service", "redis", "data"), "address", 6379),
        Edge(of("Service", "front"), of("Deployment", "front"), "selector"),
        Edge(of("Service", "pay"), of("Deployment", "pay"), "selector"),
    }


def test_what_leads_to_nothing_is_no_edge() -> None:
    assert edges_of(
        place([*calling("front", PAY_URL="http://pay"), service("pay", {"app": "none"}, {"port": 80})])
    ) == [Edge(of("Deployment", "front"), of("Service", "pay"), "address", 80)]


def test_a_workload_of_several_templates_calls_once() -> None:
    front = calling("front", PAY_URL="http://pay")
    found = edges_of(place([*front, *pods(front, 3), service("pay", {"app": "pay"}, {"port": 80})]))
    assert found == [Edge(of("Deployment", "front"), of("Service", "pay"), "address", 80)]


def test_calls_know_the_port_of_the_pods_that_they_reach() -> None:
    found = [(each.caller.workload, each.called.workload, each.port) for each in calls(place(SHOP, others=[DATA]))]
    assert found == [("front", "pay", 8080), ("pay", "redis", 6379)]


def test_the_addresses_of_a_template_are_looked_for_once_however_many_services_there_are() -> None:
    many = [each for n in range(60) for each in calling(f"app-{n}", NEXT_URL=f"http://app-{n + 1}")]
    services = [service(f"app-{n}", {"app": f"app-{n}"}, {"port": 80, "targetPort": 8080}) for n in range(300)]
    closed = made("NetworkPolicy", "deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    where = place([*many, *services, closed], *(f"app-{n}" for n in range(50)))
    with calls_of(addresses_of) as made_calls:
        assert len(view_specs(where).edges) == 120
    assert len(made_calls) == 60
