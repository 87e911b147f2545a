"""NetworkPolicies: whom they cut off, and when nothing can be said against one."""

from typing import Any

import pytest

from noctuary.sources.kubernetes.specs.checks.network.network_policy import network_policy
from tests.unit.sources.specs.spec_place import (
    Manifest,
    age_of,
    container,
    deployment,
    found_by,
    made,
    namespace_of,
    place,
    service,
    written,
)

FRONT_LABELS, PAY_LABELS, DB_LABELS = {"app": "front"}, {"app": "pay"}, {"app": "db"}


def calling(name: str, labels: dict[str, str], url: str, port: int = 8080) -> list[Manifest]:
    own = container({"containerPort": port, "name": "main"}, env=[{"name": "NEXT_URL", "value": url}])
    return deployment(name, labels, own)


SHOP = [
    *calling("front", FRONT_LABELS, "http://pay"),
    *calling("pay", PAY_LABELS, "postgres://db"),
    *deployment("db", DB_LABELS, container({"containerPort": 5432})),
    service("pay", PAY_LABELS, {"port": 80, "targetPort": "main"}),
    service("db", DB_LABELS, {"port": 5432}),
]
DNS = {"ports": [{"port": 53, "protocol": "UDP"}]}
ANY: Manifest = {}


def policy(name: str, selects: dict[str, str], meta: Manifest | None = None, **spec: Any) -> Manifest:
    return made(
        "NetworkPolicy", name, {"podSelector": {"matchLabels": selects} if selects else {}, **spec}, **meta or {}
    )


def pods(**labels: str) -> Manifest:
    return {"podSelector": {"matchLabels": labels}}


def space(**labels: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": labels}}


def told(*policies: Manifest, services: tuple[str, ...] = ("pay",)) -> list[str]:
    found = found_by(network_policy, place([*SHOP, *policies], *services))
    return sorted(
        " ".join(each.get(name, "-") for name in ("reason", "workload", "instead", "port")) for _, each in found
    )


CALLERS, CALLS = "PolicyBlocksCallers pay front 8080", "PolicyBlocksCalls pay db 5432"
ALL, NAMES = "PolicyBlocksAll pay - -", "PolicyBlocksDNS pay - -"
IN: Manifest = {"policyTypes": ["Ingress"]}
OUT: Manifest = {"policyTypes": ["Egress"]}
CASES: list[tuple[str, list[Manifest], list[str]]] = [
    ("none at all", [], []),
    ("one that closes all that comes in", [policy("deny", {}, **IN)], [CALLERS, "PolicyBlocksCallers db pay 5432"]),
    ("one of the called pods", [policy("deny", PAY_LABELS)], [CALLERS]),
    ("one of other pods", [policy("deny", FRONT_LABELS)], []),
    ("one that lets others in", [policy("p", PAY_LABELS, ingress=[{"from": [pods(app="x")]}])], [CALLERS]),
    ("one that lets the caller in", [policy("p", PAY_LABELS, ingress=[{"from": [pods(app="front")]}])], []),
    ("one that lets everybody in", [policy("p", PAY_LABELS, ingress=[ANY])], []),
    ("two, of which one lets the caller in",
     [policy("deny", {}, **IN), policy("p", PAY_LABELS, ingress=[ANY]), policy("d", DB_LABELS, ingress=[ANY])], []),
    ("one that opens another port", [policy("p", PAY_LABELS, ingress=[{"ports": [{"port": 80}]}])], [CALLERS]),
    ("one that opens the container's port", [policy("p", PAY_LABELS, ingress=[{"ports": [{"port": 8080}]}])], []),
    ("one that opens it by name", [policy("p", PAY_LABELS, ingress=[{"ports": [{"port": "main"}]}])], []),
    ("one that opens another name", [policy("p", PAY_LABELS, ingress=[{"ports": [{"port": "x"}]}])], [CALLERS]),
    ("one that opens a range",
     [policy("p", PAY_LABELS, ingress=[{"ports": [{"port": 8000, "endPort": 9000}]}])], []),
    ("one that opens a protocol", [policy("p", PAY_LABELS, ingress=[{"ports": [{"protocol": "UDP"}]}])], [CALLERS]),
    ("one that lets addresses in",
     [policy("p", PAY_LABELS, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])], []),
    ("one for namespaces by labels that are not read",
     [policy("p", PAY_LABELS, ingress=[{"from": [space(team="x")]}])], []),
    ("one for another namespace by its name",
     [policy("p", PAY_LABELS, ingress=[{"from": [space(**{"kubernetes.io/metadata.name": "x"})]}])], [CALLERS]),
    ("one for this namespace by its name",
     [policy("p", PAY_LABELS, ingress=[{"from": [space(**{"kubernetes.io/metadata.name": "shop"})]}])], []),
    ("one for the caller in other namespaces",
     [policy("p", PAY_LABELS, ingress=[{"from": [space(team="x") | pods(app="y")]}])], [CALLERS]),
    ("one that closes all that goes out", [policy("p", PAY_LABELS, **OUT)], [CALLS, NAMES]),
    ("one that lets only names be asked", [policy("p", PAY_LABELS, egress=[DNS], **OUT)], [CALLS]),
    ("one that lets it call and ask", [policy("p", PAY_LABELS, egress=[DNS, {"to": [pods(app="db")]}], **OUT)], []),
    ("one that lets it call and not ask", [policy("p", PAY_LABELS, egress=[{"to": [pods(app="db")]}], **OUT)], [NAMES]),
    ("one that lets it call everybody", [policy("p", PAY_LABELS, egress=[ANY], **OUT)], []),
    ("one of the caller that closes what goes out", [policy("p", FRONT_LABELS, **OUT)],
     ["PolicyBlocksCalls front pay 8080"]),
    ("one that is being deleted",
     [policy("p", PAY_LABELS, meta={"deletionTimestamp": "2027-01-15T07:59:00Z"})], []),
]  # fmt: skip


@pytest.mark.parametrize(("policies", "cut"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_namespace_with_this_policy_is_cut_so(policies: list[Manifest], cut: list[str]) -> None:
    assert told(*policies) == sorted(cut)


def test_pods_behind_a_service_that_nobody_is_known_to_call_are_closed_to_all() -> None:
    objects = [*deployment("pay", PAY_LABELS), service("pay", PAY_LABELS, {"port": 80}), policy("deny", PAY_LABELS)]
    ((name, facts),) = found_by(network_policy, place(objects, "pay"))
    assert (name, facts["reason"], facts["workload"]) == ("NetworkPolicy/deny pay", "PolicyBlocksAll", "pay")
    assert found_by(network_policy, place([objects[0], objects[1], objects[3]], "pay")) == []


def test_the_newest_of_several_policies_is_named_and_dates_it() -> None:
    old, new = policy("old", {}, **IN), policy("new", PAY_LABELS, meta=written("podSelector", 120))
    (event,) = network_policy(place([*SHOP[:4], SHOP[6], old, new], "pay"))
    assert event.object is not None
    assert (event.object.name, age_of(event)) == ("new", 120)


def test_a_caller_in_another_namespace_that_was_read_is_cut_off_too() -> None:
    other = namespace_of(calling("web", {"app": "web"}, "http://pay.shop.svc"), name="edge")
    own = [*deployment("pay", PAY_LABELS, container({"containerPort": 8080})), service("pay", PAY_LABELS, {"port": 80})]
    closed = policy("p", PAY_LABELS, ingress=[{"from": [pods(app="web")]}])
    ((_, facts),) = found_by(network_policy, place([*own, closed], "pay", others=[other]))
    assert (facts["reason"], facts["instead"]) == ("PolicyBlocksCallers", "web")


def test_pods_on_the_hosts_network_are_beyond_policies() -> None:
    own = deployment("pay", PAY_LABELS, container({"containerPort": 8080}), hostNetwork=True)
    objects = [*own, service("pay", PAY_LABELS, {"port": 80}), policy("deny", {}, **IN)]
    assert found_by(network_policy, place(objects, "pay")) == []


def test_nothing_is_said_where_policies_are_not_shown_to_us() -> None:
    where = place([*SHOP, policy("deny", {})], "pay", unread=["networkpolicies"])
    assert found_by(network_policy, where) == []
