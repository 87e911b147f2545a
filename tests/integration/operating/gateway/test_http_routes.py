"""Routes by the Gateway API: what is made, how it is kept, and what a Gateway's controller says of it."""

from typing import Any

import pytest

from noctuary_operator.plan.routes.http_routes import HTTP_ROUTE
from testbed.operating.gateway_api import GatewayAPI
from testbed.operating.team import Team, merged
from testbed.polling import eventually

PARENT = {"name": "public", "namespace": "gateways", "sectionName": "https"}


def test_the_http_route_ends_before_the_token_and_leads_to_the_receiver(gateway_api: GatewayAPI, team: Team) -> None:
    id_ = gateway_api.declare(team, annotations={"example.com/size": "2m"})
    route = gateway_api.http_route(team, id_)
    assert route is not None
    rule = route["spec"]["rules"][0]
    assert route["spec"]["hostnames"] == ["noctuary.example.com"]
    assert [match["path"] for match in rule["matches"]] == [
        {"type": "PathPrefix", "value": f"/webhooks/pagerduty/{id_}"}
    ]
    assert [(ref["kind"], ref["name"], ref["port"]) for ref in rule["backendRefs"]] == [
        ("Service", "noctuary-receiver", 8080)
    ]
    assert route["spec"]["parentRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", **PARENT}]
    assert route["metadata"]["annotations"]["example.com/size"] == "2m"


def test_the_http_route_carries_our_labels_and_none_of_the_integration(gateway_api: GatewayAPI, team: Team) -> None:
    team.apply("payments", webhook={"route": gateway_api.route})
    team.kubectl("label", "pdi", "payments", "argocd.argoproj.io/instance=app")
    team.settled("payments", "RouteNotAdmitted", "RouteReady")
    id_ = team.id("payments")
    route = gateway_api.http_route(team, id_)
    assert route is not None
    assert route["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "noctuary",
        "noctuary.io/role": "route",
        "noctuary.io/integration-id": id_,
    }


def test_no_answer_of_a_controller_says_what_may_be_missing(gateway_api: GatewayAPI, team: Team) -> None:
    gateway_api.declare(team)
    said = team.condition("payments", "RouteReady")
    assert said["status"] == "Unknown"
    assert "Gateway gateways/public (listener https)" in said["message"]
    assert "check that this Gateway exists and has this listener, and that a controller" in said["message"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("NotAllowedByListeners", "have its listener allow HTTPRoutes from namespace"),
        ("NoMatchingListenerHostname", "serve the host noctuary.example.com"),
        ("NoMatchingParent", "name a listener that the Gateway has"),
    ],
)
def test_a_refusal_by_the_gateway_is_said_with_its_mend_and_heals(
    gateway_api: GatewayAPI, team: Team, reason: str, words: str
) -> None:
    id_ = gateway_api.declare(team)
    gateway_api.answer(team, id_, accepted="False", reason=reason)
    said = team.settled("payments", "GatewayRefused", "RouteReady")
    assert said["status"] == team.condition("payments")["status"] == "False"
    assert f"Gateway gateways/public (listener https) refuses the HTTPRoute ({reason}: its words)" in said["message"]
    assert words in said["message"]
    gateway_api.answer(team, id_)
    assert team.settled("payments", "GatewayAccepted", "RouteReady")["status"] == "True"
    assert team.condition("payments")["status"] == "True"


def test_an_answer_to_an_earlier_state_is_not_believed(gateway_api: GatewayAPI, team: Team) -> None:
    id_ = gateway_api.declare(team)
    gateway_api.answer(team, id_)
    team.settled("payments", "GatewayAccepted", "RouteReady")
    team.apply("payments", webhook={"host": "eu.allowed.example.com", "route": gateway_api.route})
    said = team.settled("payments", "RouteNotAdmitted", "RouteReady")
    assert "has answered to the latest change" in said["message"]
    gateway_api.answer(team, id_, generation=2)
    team.settled("payments", "GatewayAccepted", "RouteReady")


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"hostnames": ["evil.example.org"]}},
        {"spec": {"rules": None}},
        {"spec": {"parentRefs": [{"name": "other"}]}},
        {"metadata": {"labels": {"noctuary.io/integration-id": "other"}}},
        {"metadata": {"annotations": {"noctuary.io/integration": None}}},
    ],
)
def test_an_http_route_edited_by_hand_is_restored(gateway_api: GatewayAPI, team: Team, patch: dict[str, Any]) -> None:
    id_ = gateway_api.declare(team)
    before = gateway_api.http_route(team, id_)
    assert before is not None
    gateway_api.edit(team, id_, patch)

    def restored() -> bool:
        now = gateway_api.http_route(team, id_)
        assert now is not None
        same = [now["metadata"][key] == before["metadata"][key] for key in ("labels", "annotations")]
        return all(same) and now["spec"] == before["spec"]

    eventually("restored", restored)


def test_an_http_route_deleted_by_hand_comes_back(gateway_api: GatewayAPI, team: Team) -> None:
    id_ = gateway_api.declare(team)
    first = (gateway_api.http_route(team, id_) or {})["metadata"]["uid"]
    gateway_api.delete(team, id_)
    eventually("a new one", lambda: (now := gateway_api.http_route(team, id_)) and now["metadata"]["uid"] != first)


def test_a_change_of_the_type_leaves_the_one_route_that_is_wanted(gateway_api: GatewayAPI, team: Team) -> None:
    def kinds() -> list[str]:
        found = {"Ingress": team.ingress(id_), HTTP_ROUTE: gateway_api.http_route(team, id_)}
        return [kind for kind, route in found.items() if route is not None]

    id_ = gateway_api.declare(team)
    for type_, wanted in (("Ingress", ["Ingress"]), (HTTP_ROUTE, [HTTP_ROUTE]), ("None", [])):
        team.apply("payments", webhook={"route": gateway_api.route if type_ == HTTP_ROUTE else {"type": type_}})
        eventually(f"{type_} alone", kinds, wanted.__eq__)


REFUSED = [
    ({"host": "evil.example.org"}, "HostNotAllowed"),
    ({"route": {"annotations": {"evil.example.org/x": "y"}}}, "AnnotationNotAllowed"),
]


@pytest.mark.parametrize(("change", "reason"), REFUSED)
def test_a_host_or_annotation_that_is_not_allowed_gets_no_http_route(
    gateway_api: GatewayAPI, team: Team, change: dict[str, Any], reason: str
) -> None:
    team.apply("payments", webhook=merged({"route": gateway_api.route}, change))
    team.settled("payments", reason, "RouteReady")
    assert gateway_api.http_route(team, team.id("payments")) is None


@pytest.mark.parametrize(("change", "reason"), REFUSED)
def test_a_change_into_what_is_not_allowed_leaves_the_http_route_and_the_url_as_they_were(
    gateway_api: GatewayAPI, team: Team, change: dict[str, Any], reason: str
) -> None:
    id_ = gateway_api.declare(team)
    before = (gateway_api.http_route(team, id_), team.secret("payments"))
    team.apply("payments", webhook=merged({"route": gateway_api.route}, change))
    team.settled("payments", reason, "RouteReady")
    assert (gateway_api.http_route(team, id_), team.secret("payments")) == before
