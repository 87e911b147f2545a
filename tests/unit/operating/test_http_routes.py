"""HTTPRoutes as pure functions: what one says, and what the Gateways' answers mean."""

from typing import Any

import pytest

from noctuary.common.errors import KubernetesError
from noctuary.models.integration_spec import IntegrationSpec, Webhook, parse_spec
from noctuary.models.reports import IntegrationReport
from noctuary.models.routing_record import RoutingRecord, TokenHash
from noctuary_operator.plan.conditions import Outcome, status_of
from noctuary_operator.plan.desired import Desired
from noctuary_operator.plan.manifests import Backend, contains
from noctuary_operator.plan.observed import Observed
from noctuary_operator.plan.routes.http_routes import http_route_spec, http_route_state, http_routes_absent
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.objects import Meta, RouteObject
from noctuary_operator.resources.status import IntegrationStatus

BACKEND = Backend("noctuary", "noctuary-receiver", 8080)
PUBLIC = {"name": "public", "namespace": "gateways", "sectionName": "https"}
OWN = {"name": "own"}
GENERATION = 3


def spec_of(*refs: dict[str, Any]) -> IntegrationSpec:
    webhook = {
        "host": "noctuary.example.com",
        "route": {"type": "HTTPRoute", "parentRefs": list(refs)},
        "subscription": {"signingSecretRef": {"name": "signing", "key": "secret"}},
    }
    return parse_spec({"direction": "inbound", "webhook": webhook})


def webhook_of(*refs: dict[str, Any]) -> Webhook:
    webhook = spec_of(*refs).webhook
    assert webhook is not None
    return webhook


def condition(type_: str, status: str = "True", reason: str = "", generation: int = GENERATION) -> dict[str, Any]:
    return {"type": type_, "status": status, "reason": reason or type_, "observedGeneration": generation}


ACCEPTED, RESOLVED = condition("Accepted"), condition("ResolvedRefs")


def parent(ref: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    full = {"group": "gateway.networking.k8s.io", "kind": "Gateway", **ref}
    return {"parentRef": full, "controllerName": "example.com/gateway", "conditions": list(conditions)}


def route(*parents: dict[str, Any]) -> RouteObject:
    return RouteObject(
        Meta(name="noctuary-uid", namespace="noctuary", generation=GENERATION), status={"parents": list(parents)}
    )


def test_all_that_the_api_server_would_default_is_written_out() -> None:
    spec = http_route_spec(webhook_of(PUBLIC, OWN), "/webhooks/pagerduty/uid", BACKEND)
    gateway = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
    assert spec["parentRefs"] == [{**gateway, **PUBLIC}, {**gateway, "name": "own", "namespace": "noctuary"}]
    assert spec["rules"][0]["backendRefs"] == [
        {"group": "", "kind": "Service", "name": "noctuary-receiver", "port": 8080, "weight": 1}
    ]


@pytest.mark.parametrize("change", [{"weight": 0}, {"kind": "Other"}, {"port": 1}])
def test_a_backend_changed_by_hand_is_a_difference(change: dict[str, Any]) -> None:
    wanted = http_route_spec(webhook_of(PUBLIC), "/webhooks/pagerduty/uid", BACKEND)
    rule = wanted["rules"][0]
    actual = {**wanted, "rules": [{**rule, "backendRefs": [{**rule["backendRefs"][0], **change}]}]}
    assert contains(wanted, wanted)
    assert not contains(actual, wanted)


REFUSED = condition("Accepted", "False", "NotAllowedByListeners")
VERDICTS = [
    (
        "nobody answered",
        [PUBLIC],
        [],
        ("Unknown", "RouteNotAdmitted"),
        "has this listener, and that a controller serves its class (kubectl -n gateways get gateway public)",
    ),
    (
        "our own namespace is named",
        [OWN],
        [],
        ("Unknown", "RouteNotAdmitted"),
        "has a listener, and that a controller serves its class (kubectl -n noctuary get gateway own)",
    ),
    ("all is well", [PUBLIC], [parent(PUBLIC, ACCEPTED, RESOLVED)], ("True", "GatewayAccepted"), "gateways/public"),
    ("a namespace left out", [OWN], [parent(OWN, ACCEPTED, RESOLVED)], ("True", "GatewayAccepted"), "noctuary/own"),
    (
        "the answer is for another listener",
        [PUBLIC],
        [parent({**PUBLIC, "sectionName": "http"}, ACCEPTED, RESOLVED)],
        ("Unknown", "RouteNotAdmitted"),
        "no controller has answered",
    ),
    (
        "the answer is for a Service of that name",
        [PUBLIC],
        [parent({**PUBLIC, "kind": "Service", "group": ""}, ACCEPTED, RESOLVED)],
        ("Unknown", "RouteNotAdmitted"),
        "no controller has answered",
    ),
    (
        "the answer is stale",
        [PUBLIC],
        [parent(PUBLIC, condition("Accepted", generation=2), condition("ResolvedRefs", generation=2))],
        ("Unknown", "RouteNotAdmitted"),
        "no controller has answered to the latest change of the HTTPRoute for Gateway gateways/public",
    ),
    (
        "a stale refusal is not believed either",
        [PUBLIC],
        [parent(PUBLIC, condition("Accepted", "False", "NoMatchingParent", 2))],
        ("Unknown", "RouteNotAdmitted"),
        "no controller has answered to the latest change of the HTTPRoute for Gateway gateways/public",
    ),
    (
        "an answer that names no generation is believed",
        [PUBLIC],
        [parent(PUBLIC, condition("Accepted", generation=0), condition("ResolvedRefs", generation=0))],
        ("True", "GatewayAccepted"),
        "accepted",
    ),
    (
        "half an answer",
        [PUBLIC],
        [parent(PUBLIC, ACCEPTED)],
        ("Unknown", "RouteNotAdmitted"),
        "has not decided yet",
    ),
    (
        "the decision is pending",
        [PUBLIC],
        [parent(PUBLIC, condition("Accepted", "Unknown", "Pending"), RESOLVED)],
        ("Unknown", "RouteNotAdmitted"),
        "has not decided yet (Pending)",
    ),
    (
        "refused by allowedRoutes",
        [PUBLIC],
        [parent(PUBLIC, REFUSED, RESOLVED)],
        ("False", "GatewayRefused"),
        "have its listener allow HTTPRoutes from namespace noctuary",
    ),
    (
        "no listener for the host",
        [PUBLIC],
        [parent(PUBLIC, condition("Accepted", "False", "NoMatchingListenerHostname"))],
        ("False", "GatewayRefused"),
        "serve the host noctuary.example.com",
    ),
    (
        "no such listener",
        [PUBLIC],
        [parent(PUBLIC, condition("Accepted", "False", "NoMatchingParent"))],
        ("False", "GatewayRefused"),
        "name a listener that the Gateway has",
    ),
    (
        "a reason of the controller's own",
        [PUBLIC],
        [parent(PUBLIC, condition("Accepted", "False", "Whatever"))],
        ("False", "GatewayRefused"),
        "(Whatever); change the Gateway",
    ),
    (
        "no Service",
        [PUBLIC],
        [parent(PUBLIC, ACCEPTED, condition("ResolvedRefs", "False", "BackendNotFound"))],
        ("False", "BackendNotResolved"),
        "check that Service noctuary-receiver in namespace noctuary exists with port 8080",
    ),
    (
        "one of two refuses",
        [PUBLIC, OWN],
        [parent(PUBLIC, ACCEPTED, RESOLVED), parent(OWN, REFUSED)],
        ("False", "GatewayRefused"),
        "Gateway noctuary/own refuses",
    ),
    (
        "one of two is silent",
        [PUBLIC, OWN],
        [parent(PUBLIC, ACCEPTED, RESOLVED)],
        ("Unknown", "RouteNotAdmitted"),
        "no controller has answered for Gateway noctuary/own",
    ),
    (
        "a refusal counts more than silence",
        [OWN, PUBLIC],
        [parent(PUBLIC, REFUSED)],
        ("False", "GatewayRefused"),
        "Gateway gateways/public (listener https) refuses",
    ),
    (
        "one of two controllers of a Gateway accepts",
        [PUBLIC],
        [parent(PUBLIC, REFUSED), parent(PUBLIC, ACCEPTED, RESOLVED)],
        ("True", "GatewayAccepted"),
        "accepted",
    ),
]


@pytest.mark.parametrize(
    ("refs", "parents", "expected", "words"), [v[1:] for v in VERDICTS], ids=[v[0] for v in VERDICTS]
)
def test_the_answers_of_all_our_gateways_are_summed_up(
    refs: list[dict[str, Any]], parents: list[dict[str, Any]], expected: tuple[str, str], words: str
) -> None:
    status, reason, message = http_route_state(webhook_of(*refs), route(*parents), BACKEND)
    assert (status, reason) == expected
    assert words in message


@pytest.mark.parametrize("status", [{}, {"parents": None}, {"parents": "?"}, {"parents": [{"conditions": [7]}]}])
def test_a_status_that_is_not_what_the_kind_promises_is_no_answer(status: dict[str, Any]) -> None:
    broken = RouteObject(Meta(name="noctuary-uid", namespace="noctuary"), status=status)
    assert http_route_state(webhook_of(PUBLIC), broken, BACKEND)[:2] == ("Unknown", "RouteNotAdmitted")


def test_a_controllers_long_words_are_cut() -> None:
    long = {**condition("Accepted", "False", "Whatever"), "message": "x" * 32768}
    message = http_route_state(webhook_of(PUBLIC), route(parent(PUBLIC, long)), BACKEND)[2]
    assert len(message) < 500


def ready(parents: list[dict[str, Any]], *, proven: str | None) -> tuple[str, str]:
    """Return RouteReady of an integration whose current token is `current`."""
    integration = Integration("uid", "team", "payments", 1, 0.0, 1, False, spec_of(PUBLIC), None, IntegrationStatus())
    report = IntegrationReport("uid", proven_token_sha256=proven)
    observed = Observed(integration, 0.0, "uid", report=report)
    record = RoutingRecord("uid", "team", "payments", 0.0, 1, "inbound", "", tokens=[TokenHash("current", 1)])
    status = status_of(observed, spec_of(PUBLIC), Desired(record, {}), Outcome(route=route(*parents)), BACKEND)
    found = status.condition("RouteReady")
    assert found is not None
    return found.status, found.reason


@pytest.mark.parametrize(
    ("parents", "proven", "expected"),
    [
        ([], None, ("Unknown", "RouteNotAdmitted")),
        ([], "older", ("Unknown", "RouteNotAdmitted")),
        ([], "current", ("True", "SignedRequestSeen")),
        ([parent(PUBLIC, REFUSED)], "current", ("False", "GatewayRefused")),
        ([parent(PUBLIC, ACCEPTED, RESOLVED)], "current", ("True", "GatewayAccepted")),
    ],
)
def test_a_signed_request_settles_doubt_and_no_refusal(
    parents: list[dict[str, Any]], proven: str | None, expected: tuple[str, str]
) -> None:
    assert ready(parents, proven=proven) == expected


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "GatewayAPIMissing"), (403, "RouteRefused"), (410, None), (500, None)]
)
def test_only_a_missing_kind_and_a_missing_right_count_as_absent(status: int, reason: str | None) -> None:
    problem = http_routes_absent(KubernetesError(status, "Reason", "words"))
    assert (problem.reason if problem is not None else None) == reason
