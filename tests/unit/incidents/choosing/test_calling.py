"""Whom the incident's workloads call is found by addresses and selectors, and counts as a dependency."""

import pytest

from noctuary.incidents.choosing.calling import MAX_CALLED, called_by, own_workloads, with_reached
from noctuary.models.diagnosis import PodView, Relation, ServiceView, Subject
from noctuary.models.reaching.edges import BY_ADDRESS, BY_ROUTE, BY_SELECTOR, Edge


def workload(name: str, namespace: str = "shop") -> Subject:
    return Subject("Deployment", namespace, name)


def service(name: str, namespace: str = "shop") -> Subject:
    return Subject("Service", namespace, name)


def call(caller: str, called: str) -> list[Edge]:
    return [
        Edge(workload(caller), service(called), BY_ADDRESS, 80),
        Edge(service(called), workload(called), BY_SELECTOR),
    ]


def pod(name: str) -> PodView:
    return PodView("shop", f"{name}-0", name, "h", "node-1", is_ready=True, workload_kind="Deployment")


WEB = ServiceView("web", Relation.OWN, "shop", ["shop"])
CHAIN = [*call("web", "cart"), *call("cart", "db"), *call("db", "disk"), *call("other", "web")]


def test_what_is_called_and_what_lies_behind_it_is_found_and_no_caller_is() -> None:
    assert called_by([workload("web")], CHAIN) == [workload("cart"), workload("db")]


def test_who_calls_in_a_circle_is_found_once() -> None:
    assert called_by([workload("web")], [*call("web", "cart"), *call("cart", "web")]) == [workload("cart")]


def test_a_route_is_no_caller() -> None:
    edges = [Edge(workload("web"), service("web"), BY_ROUTE), Edge(service("web"), workload("cart"), BY_SELECTOR)]
    assert called_by([workload("web")], edges) == []


def test_a_gateway_adds_no_more_than_some() -> None:
    edges = [edge for number in range(50) for edge in call("web", f"s{number}")]
    assert len(called_by([workload("web")], edges)) == MAX_CALLED


def test_the_own_workloads_are_those_of_the_incidents_pods() -> None:
    assert own_workloads([WEB], [pod("web"), pod("cart")]) == {workload("web")}


def test_a_workload_that_nobody_mapped_is_a_dependency() -> None:
    services, added = with_reached([WEB], [workload("cart")], [pod("web"), pod("cart")], "team")
    assert added == [ServiceView("cart", Relation.DEPENDENCY, "team", ["shop"])]
    assert services == [WEB, *added]


@pytest.mark.parametrize("mapped", [Relation.NEIGHBOUR, Relation.DEPENDENCY])
def test_a_mapped_one_is_no_more_than_a_dependency(mapped: Relation) -> None:
    cart = ServiceView("cart", mapped, "shop", ["shop"])
    services, added = with_reached([WEB, cart], [workload("cart")], [pod("cart")], "shop")
    assert added == []
    assert services == [WEB, ServiceView("cart", Relation.DEPENDENCY, "shop", ["shop"])]
