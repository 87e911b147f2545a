"""Routes by the Gateway API: what is made, what a Gateway's controller says of it, and a cluster without that API."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hack.image.store import Store
from hack.kind.programs import Programs
from hack.localkube import Cluster, LocalKube
from hack.localkube.cache import say
from noctuary.kube.client import KubeClient
from noctuary.routing import record_secret_name
from noctuary_operator.cleanup import CleanupSettings, clean_up
from noctuary_operator.http_routes import HTTP_ROUTE
from noctuary_operator.route_watches import LOOK_AGAIN_S

CRDS = sorted((Path(__file__).resolve().parents[3] / "crds").glob("*.yaml"))
HTTPROUTES = "httproutes.gateway.networking.k8s.io"
PARENT = {"name": "public", "namespace": "gateways", "sectionName": "https"}
ROUTE = {"type": "HTTPRoute", "parentRefs": [PARENT]}
HEALED_WITHIN_S = LOOK_AGAIN_S + 45.0


@pytest.fixture(scope="module")
def definition() -> Path:
    """The Gateway API's own definition of HTTPRoute."""
    return Programs(Store("kind", say)).gateway_definitions() / "gateway.networking.k8s.io_httproutes.yaml"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A control plane of our own: others' tests must not see the Gateway API come and go."""
    with LocalKube(crds=CRDS) as running:
        yield running


@pytest.fixture
def gateway_api(cluster: Cluster, definition: Path) -> None:
    cluster.install_crds(definition)


@pytest.fixture
def no_gateway_api(cluster: Cluster) -> None:
    cluster.kubectl("delete", "crd", HTTPROUTES, "--ignore-not-found")


def http_route(team: Any, uid: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = team.get(HTTPROUTES, record_secret_name(uid), team.release)
    return found


def declare(team: Any, name: str = "payments", **route: Any) -> str:
    team.apply(name, webhook={"route": {**ROUTE, **route}})
    team.settled(name, "RouteNotAdmitted", "RouteReady")
    return str(team.uid(name))


def answer(team: Any, uid: str, *, accepted: str = "True", reason: str = "Accepted", generation: int = 1) -> None:
    """Say what a Gateway's controller says."""
    times = {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation, "message": "as it says"}
    conditions = [
        {"type": "Accepted", "status": accepted, "reason": reason, **times},
        {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", **times},
    ]
    parents = [{"parentRef": PARENT, "controllerName": "example.com/gateway", "conditions": conditions}]
    patch = json.dumps({"status": {"parents": parents}})
    arguments = ["patch", HTTPROUTES, record_secret_name(uid), "--subresource=status", "--type=merge", "-p", patch]
    team.cluster.kubectl("-n", team.release, *arguments)


@pytest.mark.usefixtures("gateway_api")
def test_the_http_route_ends_before_the_token_and_leads_to_the_receiver(team: Any) -> None:
    uid = declare(team, annotations={"example.com/size": "2m"})
    route = http_route(team, uid)
    assert route is not None
    rule = route["spec"]["rules"][0]
    assert route["spec"]["hostnames"] == ["noctuary.example.com"]
    assert [match["path"] for match in rule["matches"]] == [
        {"type": "PathPrefix", "value": f"/webhooks/pagerduty/{uid}"}
    ]
    assert [(ref["kind"], ref["name"], ref["port"]) for ref in rule["backendRefs"]] == [
        ("Service", "noctuary-receiver", 8080)
    ]
    assert route["spec"]["parentRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", **PARENT}]
    assert route["metadata"]["annotations"]["example.com/size"] == "2m"


@pytest.mark.usefixtures("gateway_api")
def test_the_http_route_carries_our_labels_and_none_of_the_integration(team: Any) -> None:
    team.apply("payments", webhook={"route": ROUTE})
    team.kubectl("label", "pdi", "payments", "argocd.argoproj.io/instance=app")
    team.settled("payments", "RouteNotAdmitted", "RouteReady")
    uid = team.uid("payments")
    route = http_route(team, uid)
    assert route is not None
    assert route["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "noctuary",
        "noctuary.io/role": "route",
        "noctuary.io/integration-id": uid,
    }


@pytest.mark.usefixtures("gateway_api")
def test_no_answer_of_a_controller_says_what_may_be_missing(team: Any) -> None:
    declare(team)
    said = team.condition("payments", "RouteReady")
    assert said["status"] == "Unknown"
    assert "Gateway gateways/public (listener https)" in said["message"]
    assert "check that this Gateway exists and that a controller serves its class" in said["message"]


@pytest.mark.usefixtures("gateway_api")
@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("NotAllowedByListeners", "have its listener allow HTTPRoutes from namespace"),
        ("NoMatchingListenerHostname", "serve the host noctuary.example.com"),
        ("NoMatchingParent", "name a listener that the Gateway has"),
    ],
)
def test_a_refusal_by_the_gateway_is_said_with_its_mend_and_heals(team: Any, reason: str, words: str) -> None:
    uid = declare(team)
    answer(team, uid, accepted="False", reason=reason)
    said = team.settled("payments", "GatewayRefused", "RouteReady")
    assert said["status"] == team.condition("payments")["status"] == "False"
    assert f"Gateway gateways/public (listener https) refuses the HTTPRoute ({reason}: as it says)" in said["message"]
    assert words in said["message"]
    answer(team, uid)
    assert team.settled("payments", "GatewayAccepted", "RouteReady")["status"] == "True"
    assert team.condition("payments")["status"] == "True"


@pytest.mark.usefixtures("gateway_api")
def test_an_answer_to_an_earlier_state_is_not_believed(team: Any) -> None:
    uid = declare(team)
    answer(team, uid)
    team.settled("payments", "GatewayAccepted", "RouteReady")
    team.apply("payments", webhook={"host": "eu.allowed.example.com", "route": ROUTE})
    said = team.settled("payments", "RouteNotAdmitted", "RouteReady")
    assert "has not answered to the latest change" in said["message"]
    answer(team, uid, generation=2)
    team.settled("payments", "GatewayAccepted", "RouteReady")


@pytest.mark.usefixtures("gateway_api")
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
def test_an_http_route_edited_by_hand_is_restored(
    team: Any, eventually: Callable[..., Any], patch: dict[str, Any]
) -> None:
    uid = declare(team)
    before = http_route(team, uid)
    assert before is not None
    arguments = ["patch", HTTPROUTES, record_secret_name(uid), "--type=merge", "-p", json.dumps(patch)]
    team.cluster.kubectl("-n", team.release, *arguments)

    def restored() -> bool:
        now = http_route(team, uid)
        assert now is not None
        return all(now["metadata"][k] == before["metadata"][k] for k in ("labels", "annotations")) and (
            now["spec"] == before["spec"]
        )

    eventually("restored", restored, 5)


@pytest.mark.usefixtures("gateway_api")
def test_an_http_route_deleted_by_hand_comes_back(team: Any, eventually: Callable[..., Any]) -> None:
    uid = declare(team)
    first = (http_route(team, uid) or {})["metadata"]["uid"]
    team.cluster.kubectl("-n", team.release, "delete", HTTPROUTES, record_secret_name(uid))
    eventually(
        "a new one",
        lambda: (r := http_route(team, uid)) is not None and r["metadata"]["uid"] != first,
        5,
    )


@pytest.mark.usefixtures("gateway_api")
def test_a_change_of_the_type_leaves_the_one_route_that_is_wanted(team: Any, eventually: Callable[..., Any]) -> None:
    def kinds() -> list[str]:
        found = {"Ingress": team.ingress(uid), HTTP_ROUTE: http_route(team, uid)}
        return [kind for kind, route in found.items() if route is not None]

    uid = declare(team)
    for type_, wanted in (("Ingress", ["Ingress"]), (HTTP_ROUTE, [HTTP_ROUTE]), ("None", [])):
        team.apply("payments", webhook={"route": ROUTE if type_ == HTTP_ROUTE else {"type": type_}})
        eventually(f"{type_} alone", lambda wanted=wanted: kinds() == wanted)


@pytest.mark.usefixtures("gateway_api")
def test_a_host_or_annotation_that_is_not_allowed_gets_no_http_route(team: Any) -> None:
    uid = declare(team)
    team.apply("payments", webhook={"route": {**ROUTE, "annotations": {"evil.example.org/x": "y"}}})
    team.settled("payments", "AnnotationNotAllowed", "RouteReady")
    assert http_route(team, uid) is None
    team.apply("payments", webhook={"host": "evil.example.org", "route": ROUTE})
    team.settled("payments", "HostNotAllowed", "RouteReady")
    assert http_route(team, uid) is None


@pytest.mark.usefixtures("gateway_api")
def test_an_http_route_goes_with_its_integration_also_while_the_operator_is_away(
    own_operator: Any, team_of: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    team = team_of(own_operator)
    now, later = declare(team, "now"), declare(team, "later")
    team.kubectl("delete", "pdi", "now", "--timeout=5s")
    eventually("the route is gone", lambda: http_route(team, now) is None, 5)
    own_operator.stop()
    team.kubectl("delete", "pdi", "later", "--timeout=5s")
    own_operator.start()
    eventually("the other is gone", lambda: (http_route(team, later), team.record(later)) == (None, None), 10)


@pytest.mark.usefixtures("gateway_api")
def test_an_http_route_whose_record_was_lost_too_is_found_at_the_start(
    own_operator: Any, team_of: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    team = team_of(own_operator)
    uid = declare(team)
    own_operator.stop()
    team.kubectl("delete", "pdi", "payments", "--timeout=5s")
    team.cluster.kubectl("-n", team.release, "delete", "secret", record_secret_name(uid))
    own_operator.start()
    eventually("the route is gone", lambda: http_route(team, uid) is None, 10)


@pytest.mark.usefixtures("gateway_api")
async def test_the_clean_up_removes_http_routes(
    cluster: Cluster, own_operator: Any, team_of: Callable[..., Any]
) -> None:
    team, release = team_of(own_operator), own_operator.namespace
    uid = declare(team)
    own_operator.stop()
    kubeconfig = cluster.identity_kubeconfig(release, "noctuary-cleanup")
    client = await KubeClient.connect(kubeconfig)
    try:
        await clean_up(client, CleanupSettings(release_namespace=release, kubeconfig=kubeconfig))
    finally:
        await client.close()
    assert http_route(team, uid) is None


@pytest.mark.usefixtures("gateway_api")
def test_an_http_route_costs_one_write_its_acceptance_one_status_and_a_restart_nothing(
    own_operator: Any, team_of: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    team = team_of(own_operator)
    before = own_operator.writes()
    uid = declare(team)
    assert written(own_operator, before) == {"Secret": 2, HTTP_ROUTE: 1, "PagerDutyIntegration status": 1}
    before = own_operator.writes()
    answer(team, uid)
    team.settled("payments", "GatewayAccepted", "RouteReady")
    assert written(own_operator, before) == {"PagerDutyIntegration status": 1}
    own_operator.stop()
    own_operator.start()
    eventually("worked", lambda: own_operator.reconciles() >= 2)
    assert own_operator.writes() == {}


def written(operator: Any, before: dict[str, int]) -> dict[str, int]:
    changes = {kind: count - before.get(kind, 0) for kind, count in operator.writes().items()}
    return {kind: count for kind, count in changes.items() if count}


@pytest.mark.usefixtures("no_gateway_api")
def test_a_cluster_without_the_gateway_api_is_said_and_heals_when_it_comes_and_goes(
    cluster: Cluster, definition: Path, own_operator: Any, team_of: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": ROUTE})
    said = team.settled("payments", "GatewayAPIMissing", "RouteReady")
    assert said["status"] == "False"
    assert "install the definitions of the Gateway API" in said["message"]
    uid = team.uid("payments")
    for _ in range(2):
        cluster.install_crds(definition)
        eventually("a route", lambda: http_route(team, uid), HEALED_WITHIN_S)
        team.settled("payments", "RouteNotAdmitted", "RouteReady")
        cluster.kubectl("delete", "crd", HTTPROUTES)
        team.settled("payments", "GatewayAPIMissing", "RouteReady", HEALED_WITHIN_S)
    assert own_operator.fetch("/healthz").startswith("ok")


@pytest.mark.usefixtures("no_gateway_api")
def test_a_missing_gateway_api_holds_nobody_else_up_and_is_not_retried_hot(
    own_operator: Any, team_of: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    team = team_of(own_operator)
    team.apply("waits", webhook={"route": ROUTE})
    team.settled("waits", "GatewayAPIMissing", "RouteReady")
    before = own_operator.writes()
    for number in range(3):
        team.apply(f"plain-{number}")
        team.settled(f"plain-{number}", "AwaitingFirstWebhook")
    assert written(own_operator, before).keys() == {"Secret", "PagerDutyIntegration status"}
    assert own_operator.fetch("/healthz").startswith("ok")


@pytest.mark.usefixtures("no_gateway_api")
def test_an_ingress_stays_until_the_http_route_that_is_to_replace_it_can_be_made(
    cluster: Cluster, definition: Path, own_operator: Any, team_of: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": {"type": "Ingress"}})
    team.settled("payments", "RouteNotAdmitted", "RouteReady")
    uid = team.uid("payments")
    team.apply("payments", webhook={"route": ROUTE})
    team.settled("payments", "GatewayAPIMissing", "RouteReady")
    assert team.ingress(uid) is not None
    cluster.install_crds(definition)
    eventually("a route alone", lambda: http_route(team, uid) and team.ingress(uid) is None, HEALED_WITHIN_S)
