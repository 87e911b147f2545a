"""A policy that becomes narrower: what stands is kept as it was, and only what the spec would change is refused."""

from dataclasses import replace
from typing import Any

import pytest

from noctuary.models.integration_spec import parse_spec
from noctuary_operator.plan.desired import Desired, compile_desired
from noctuary_operator.plan.manifests import Backend
from noctuary_operator.plan.observed import Lookup, Observed
from noctuary_operator.plan.policy import Policy
from noctuary_operator.resources.integration import Integration
from noctuary_operator.resources.objects import Meta, RouteObject
from noctuary_operator.resources.status import IntegrationStatus

WIDE = Policy(("*",), ("api.pagerduty.com",), ("*",))
BACKEND = Backend("noctuary", "noctuary-receiver", 8080)
ROUTE = {"type": "Ingress", "ingressClassName": "nginx", "annotations": {"a/b": "c"}, "tls": {"secretName": "cert"}}
GATEWAY = {"type": "HTTPRoute", "annotations": {"a/b": "c"}, "parentRefs": [{"name": "gateway"}]}

NARROWER = [
    (replace(WIDE, webhook_hosts=("other.example.com",)), "HostNotAllowed", "policy.webhookHosts"),
    (replace(WIDE, route_annotations=()), "AnnotationNotAllowed", "policy.routeAnnotations"),
    (replace(WIDE, ingress_classes=("internal",)), "IngressClassNotAllowed", "policy.ingressClassNames"),
    (replace(WIDE, tls_secrets=("wildcard-*",)), "TLSSecretNotAllowed", "policy.tlsSecretNames"),
]


def plan(
    policy: Policy,
    standing: dict[str, Any] | None = None,
    *,
    host: str = "noctuary.example.com",
    backend: Backend = BACKEND,
    **route: Any,
) -> Desired:
    webhook = {
        "host": host,
        "route": {**ROUTE, **route},
        "subscription": {"signingSecretRef": {"name": "s", "key": "k"}},
    }
    spec = parse_spec({"apiTokenSecretRef": {"name": "n", "key": "k"}, "webhook": webhook})
    integration = Integration("uid", "team", "payments", 1, 0.0, 1, False, spec, None, IntegrationStatus())
    routes = {standing["kind"]: _object(standing)} if standing else {}
    observed = Observed(integration, 0.0, "uid", api_token=Lookup("t"), signing_secret=Lookup("s"), routes=routes)
    return compile_desired(observed, spec, policy, backend, lambda: "n" * 43)


def _object(manifest: dict[str, Any]) -> RouteObject:
    metadata = manifest["metadata"]
    meta = Meta(name=metadata["name"], labels=metadata["labels"], annotations=metadata["annotations"])
    return RouteObject(meta, manifest["spec"])


def applied(**route: Any) -> dict[str, Any]:
    manifest = plan(WIDE, **route).route
    assert manifest is not None
    return manifest


@pytest.mark.parametrize(("policy", "reason", "setting"), NARROWER)
def test_a_route_that_stands_is_what_should_be_and_the_setting_is_named(
    policy: Policy, reason: str, setting: str
) -> None:
    desired, before = plan(policy, applied()), plan(WIDE)
    assert (desired.route, desired.keeps_route) == (before.route, False)
    assert (desired.webhook_secret["url"], desired.record) == (before.webhook_secret["url"], before.record)
    assert desired.route_problem is not None
    assert desired.route_problem.reason == reason
    assert setting in desired.route_problem.message
    assert "that stands is kept" in desired.route_problem.message


@pytest.mark.parametrize(("policy", "reason", "setting"), NARROWER)
def test_no_route_is_made_where_none_stands(policy: Policy, reason: str, setting: str) -> None:
    desired = plan(policy)
    assert (desired.route, desired.keeps_route) == (None, False)
    assert desired.route_problem is not None
    assert desired.route_problem.reason == reason
    assert setting in desired.route_problem.message
    assert "no route to noctuary.example.com is made" in desired.route_problem.message
    assert "is kept" not in desired.route_problem.message


@pytest.mark.parametrize(
    "change",
    [
        {"host": "new.example.com"},
        {"ingressClassName": "other"},
        {"annotations": {"a/b": "d"}},
        {"annotations": {"a/b": "c", "a/c": "d"}},
        {"tls": {"secretName": "other"}},
        GATEWAY,
    ],
)
@pytest.mark.parametrize("policy", [replace(policy, webhook_hosts=()) for policy, _, _ in NARROWER])
def test_a_change_of_the_spec_is_refused_and_the_url_stays_that_of_the_route(
    policy: Policy, change: dict[str, Any]
) -> None:
    desired = plan(policy, applied(), **change)
    assert (desired.route, desired.keeps_route) == (None, True)
    assert desired.webhook_secret["url"].startswith("https://noctuary.example.com/")


def test_a_change_into_what_is_allowed_is_made() -> None:
    desired = plan(NARROWER[0][0], applied(), host="other.example.com")
    assert desired.route_problem is None
    assert desired.route is not None
    assert desired.webhook_secret["url"].startswith("https://other.example.com/")


def test_a_route_that_is_wanted_no_more_goes_whatever_is_allowed() -> None:
    desired = plan(NARROWER[0][0], applied(), type="None")
    assert (desired.route, desired.keeps_route, desired.route_problem) == (None, False, None)


@pytest.mark.parametrize("route", [ROUTE, GATEWAY])
@pytest.mark.parametrize("backend", [Backend("noctuary", "renamed", 8080), Backend("noctuary", "noctuary-receiver", 9)])
def test_a_kept_route_follows_the_receivers_service(route: dict[str, Any], backend: Backend) -> None:
    desired = plan(replace(WIDE, webhook_hosts=()), applied(**route), backend=backend, **route)
    assert desired.route == plan(WIDE, backend=backend, **route).route


def test_a_route_that_somebody_changed_beyond_recognition_is_left_alone() -> None:
    standing = {**applied(), "spec": {"rules": "none"}}
    standing["metadata"]["annotations"]["noctuary.io/applied"] = "other"
    desired = plan(NARROWER[0][0], standing)
    assert (desired.route, desired.keeps_route) == (None, True)


@pytest.mark.parametrize(
    ("classes", "name", "is_allowed"),
    [
        (("*",), None, True),
        (("*",), "nginx", True),
        (("nginx",), "nginx", True),
        (("internal-*",), "internal-a", True),
        (("nginx",), None, False),
        ((), "nginx", False),
        (("nginx",), "nginx2", False),
    ],
)
def test_classes_are_allowed_by_name_or_prefix_and_the_default_class_with_all(
    classes: tuple[str, ...], name: str | None, is_allowed: bool
) -> None:
    desired = plan(replace(WIDE, ingress_classes=classes), ingressClassName=name)
    assert (desired.route_problem is None) is is_allowed


def test_an_httproute_has_neither_class_nor_certificate() -> None:
    route: dict[str, Any] = {**ROUTE, **GATEWAY}
    assert plan(replace(WIDE, ingress_classes=(), tls_secrets=()), **route).route_problem is None


@pytest.mark.parametrize(
    ("field", "route"),
    [
        ("ingressClassName", {"ingressClassName": "Not A Class!"}),
        ("tls.secretName", {"tls": {"secretName": "No Such/Secret"}}),
        ("parentRefs[1].name", GATEWAY | {"parentRefs": [{"name": "gateway"}, {"name": "Gate way"}]}),
    ],
)
def test_a_name_that_no_object_can_have_is_told_with_its_field(field: str, route: dict[str, Any]) -> None:
    given = {"ingressClassName": None, "tls": None, **route} if "parentRefs" in route else route
    problem = plan(WIDE, **given).route_problem
    assert problem is not None
    assert problem.reason == "RouteRefused"
    assert problem.message.startswith(f"spec.webhook.route.{field}: no object can be called ")
