"""Ingresses and HTTPRoutes that lead to what is not there."""

from typing import Any

import pytest

from noctuary.sources.kubernetes.specs.checks.network.broken_route import broken_route
from tests.unit.sources.specs.spec_place import Manifest, age_of, deployment, found_by, made, place, service, written

PAY = [service("pay-svc", {"app": "pay"}, {"port": 80, "name": "http"}), *deployment("pay", {"app": "pay"})]


def backend(name: str, /, **port: Any) -> Manifest:
    return {"service": {"name": name, "port": port}}


def ingress(*backends: Manifest, name: str = "pay", **spec: Any) -> Manifest:
    paths = [{"path": f"/{n}", "pathType": "Prefix", "backend": each} for n, each in enumerate(backends)]
    meta = spec.pop("meta", {})
    return made("Ingress", name, {"rules": [{"host": "pay.example.com", "http": {"paths": paths}}], **spec}, **meta)


def route(*refs: Manifest, **meta: Any) -> Manifest:
    return made("HTTPRoute", "pay", {"rules": [{"backendRefs": list(refs)}]}, **meta)


def ingress_class(name: str) -> Manifest:
    return made("IngressClass", name, {})


GONE, PORT, CLASS = "RouteServiceMissing", "RoutePortMissing", "RouteClassMissing"
WRONG: list[tuple[str, list[Manifest], list[tuple[str, str, str | None]]]] = [
    ("a Service that is not there", [ingress(backend("pay-v2", number=80))], [(GONE, "pay-v2", None)]),
    ("one of several", [ingress(backend("pay-svc", number=80), backend("x", number=80))], [(GONE, "x", None)]),
    ("one that is named twice", [ingress(backend("x", number=80), backend("x", number=80))], [(GONE, "x", None)]),
    ("a default backend", [made("Ingress", "pay", {"defaultBackend": backend("x", number=1)})], [(GONE, "x", None)]),
    ("a port by number", [ingress(backend("pay-svc", number=8080))], [(PORT, "pay-svc", "80")]),
    ("a port by name", [ingress(backend("pay-svc", name="web"))], [(PORT, "pay-svc", "http")]),
    ("a class that nobody made", [ingress(backend("pay-svc", number=80), ingressClassName="ngnix"),
     ingress_class("nginx")], [(CLASS, "ngnix", None)]),
    ("an HTTPRoute's Service", [route({"name": "pay-v2", "port": 80})], [(GONE, "pay-v2", None)]),
    ("an HTTPRoute's port", [route({"name": "pay-svc", "port": 81})], [(PORT, "pay-svc", "80")]),
]  # fmt: skip
RIGHT: list[tuple[str, Manifest]] = [
    ("a port by number", ingress(backend("pay-svc", number=80))),
    ("a port by name", ingress(backend("pay-svc", name="http"))),
    ("what an annotation tells", ingress(backend("forward", name="use-annotation"))),
    ("a bucket", ingress({"resource": {"kind": "Bucket", "name": "x"}})),
    ("nothing yet", made("Ingress", "pay", {})),
    ("a class, where no class was made", ingress(backend("pay-svc", number=80), ingressClassName="traefik")),
    ("an HTTPRoute's Service", route({"name": "pay-svc", "port": 80})),
    ("another namespace", route({"name": "x", "namespace": "other", "port": 80})),
    ("a kind that is not read", route({"name": "x", "kind": "InferencePool", "group": "inference.example.com"})),
    ("another service's", ingress(backend("search", number=80), name="search")),
    ("one that is being deleted", ingress(backend("x", number=1), meta={"deletionTimestamp": "2027-01-15T07:59:00Z"})),
]


@pytest.mark.parametrize(("routes", "told"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_route_leads_nowhere_by(routes: list[Manifest], told: list[tuple[str, str, str | None]]) -> None:
    found = [facts for _, facts in found_by(broken_route, place([*PAY, *routes], "pay"))]
    assert [(facts["reason"], facts["backend"], facts.get("instead")) for facts in found] == told


@pytest.mark.parametrize("right", [case[1] for case in RIGHT], ids=[case[0] for case in RIGHT])
def test_a_route_leads_somewhere_by(right: Manifest) -> None:
    assert found_by(broken_route, place([*PAY, right], "pay")) == []


@pytest.mark.parametrize(
    ("wrong", "services"),
    [
        (ingress(backend("pay-svc", number=80), backend("x", number=1), name="all"), "pay app=pay"),
        (ingress(backend("gone", number=80), name="pay"), "pay"),
        (ingress(backend("gone", number=80), name="web", meta={"labels": {"app": "pay"}}), "pay"),
        (ingress(backend("pay-service", number=80), name="web"), "pay"),
    ],
)
def test_a_route_is_of_the_service_that_it_reaches_or_that_names_it(wrong: Manifest, services: str) -> None:
    ((told, _),) = found_by(broken_route, place([*PAY, wrong], services))
    assert told == f"Ingress/{wrong['metadata']['name']} pay"


@pytest.mark.parametrize(("wrote_s", "moved_s", "age_s"), [(60, 300, 60), (300, 60, 60)])
def test_a_port_is_wrong_since_the_later_of_route_and_service(wrote_s: float, moved_s: float, age_s: int) -> None:
    moved = service("pay-svc", {"app": "pay"}, {"port": 81}, meta=written("ports", moved_s))
    meta = written("rules", wrote_s)
    wrong = ingress(backend("pay-svc", number=80), meta=meta)
    (event,) = broken_route(place([moved, *PAY[1:], wrong], "pay"))
    assert age_of(event) == age_s


@pytest.mark.parametrize("unread", [["services"], ["ingresses"]])
def test_nothing_is_said_where_either_is_not_shown_to_us(unread: list[str]) -> None:
    assert found_by(broken_route, place([*PAY, ingress(backend("x", number=80))], "pay", unread=unread)) == []
