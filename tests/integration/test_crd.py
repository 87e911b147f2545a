"""The CRD on a real API server: defaults, rules that name the field and the fix, and what kubectl explains."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from testbed.localkube import Cluster
from testbed.localkube.errors import LocalKubeError
from testbed.manifests import integration

CRD = Path(__file__).resolve().parents[2] / "crds" / "pagerdutyintegrations.noctuary.io.yaml"

VALID: dict[str, Any] = {
    "apiTokenSecretRef": {"name": "pagerduty", "key": "token"},
    "webhook": {
        "host": "noctuary.example.com",
        "route": {"type": "None"},
        "token": {"overlap": "10m", "rotationInterval": "24h"},
        "subscription": {
            "scope": {"type": "service", "id": "PABC123"},
            "signingSecretRef": {"name": "signing", "key": "secret"},
        },
    },
    "services": [{"name": "api", "pagerDutyServiceID": "PABC123", "namespaces": ["team"], "dependsOn": ["db"]}],
    "enrichment": {"lookback": "60m"},
}
GONE = object()
ADDRESS = "https://acme.pagerduty.com/service-directory/PABC123"
NO_TIMES = ("90d", "1 hour", "1.5h", "soon", "h", "5", "", "1s1h", "-1m", "1m\n", "999999h")


def through_gateways(*refs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "HTTPRoute", "parentRefs": list(refs)}


BROKEN = [
    (["apiTokenSecretRef"], GONE, "spec.apiTokenSecretRef: is missing"),
    (["webhook"], GONE, "spec.webhook: is missing"),
    (["webhook", "route", "ingressClassName"], "nginx", "spec.webhook.route.ingressClassName: has no effect"),
    (["webhook", "route", "annotations"], {"a": "b"}, "spec.webhook.route.annotations: have no effect"),
    (["webhook", "route", "tls"], {"secretName": "cert"}, "spec.webhook.route.tls: has no effect"),
    (["webhook", "route"], {"type": "HTTPRoute"}, "spec.webhook.route.parentRefs: is empty"),
    (["webhook", "route"], {"type": "HTTPRoute", "parentRefs": []}, "spec.webhook.route.parentRefs: is empty"),
    (["webhook", "route", "parentRefs"], [{"name": "public"}], "spec.webhook.route.parentRefs: have no effect"),
    (["webhook", "route"], {"type": "Ingress", "parentRefs": [{"name": "public"}]}, "parentRefs: have no effect"),
    (["webhook", "route"], through_gateways({"name": "a"}, {"name": "a"}), "parentRefs: name one Gateway twice"),
    (
        ["webhook", "route"],
        through_gateways({"name": "a", "sectionName": "https"}, {"name": "a"}),
        "parentRefs: name one Gateway twice",
    ),
    (
        ["webhook", "route"],
        {**through_gateways({"name": "a"}), "ingressClassName": "nginx"},
        "spec.webhook.route.ingressClassName: has no effect",
    ),
    (
        ["webhook", "route"],
        {**through_gateways({"name": "a"}), "tls": {"secretName": "cert"}},
        "spec.webhook.route.tls: has no effect",
    ),
    (["webhook", "token"], {"overlap": "169h"}, "spec.webhook.token.overlap: is longer than 168h"),
    (["webhook", "token"], {"overlap": "0s", "rotationInterval": "59s"}, "rotationInterval: is shorter than 1m"),
    (["webhook", "token", "rotationInterval"], "10m", "spec.webhook.token.rotationInterval: is not longer than"),
    (["webhook", "subscription", "signingSecretRef"], GONE, "spec.webhook.subscription.signingSecretRef: is missing"),
    (["webhook", "subscription", "scope", "id"], GONE, "spec.webhook.subscription.scope.id: is missing"),
    (["webhook", "subscription", "scope", "type"], "account", "scope.id: has no meaning for an account"),
    (["enrichment", "lookback"], "25h", "spec.enrichment.lookback: is not between 1m and 24h"),
    (["apiURL"], "api.pagerduty.com", "spec.apiURL: is no address"),
    (["enrichment", "prometheus"], {"url": "prometheus:9090"}, "spec.enrichment.prometheus.url: is no address"),
    (["from"], "nobody", "spec.from: is no e-mail address"),
    (["webhook", "host"], "https://noctuary.example.com", "spec.webhook.host: is no DNS name"),
    (["webhook", "host"], "", "spec.webhook.host: is no DNS name"),
    (["webhook", "route"], through_gateways({"name": "a", "namespace": "A"}), "parentRefs.namespace: is no name"),
    (["webhook", "route"], through_gateways({"name": "a", "sectionName": "A_B"}), "sectionName: is no name"),
    (["webhook", "token", "rotationInterval"], "90d", "spec.webhook.token.rotationInterval: is no time"),
    (["webhook", "subscription", "scope", "id"], "P-1", "spec.webhook.subscription.scope.id: is no id"),
    (["webhook", "subscription", "scope", "id"], ADDRESS, "spec.webhook.subscription.scope.id: is no id"),
    (["webhook", "subscription", "scope", "id"], "P" * 33, "spec.webhook.subscription.scope.id: is no id"),
    (["services"], [{"name": "a", "pagerDutyServiceID": ADDRESS}], "spec.services.pagerDutyServiceID: is no id"),
    (["services"], [{"name": "a", "pagerDutyServiceID": "P 1"}], "spec.services.pagerDutyServiceID: is no id"),
    (["services"], [{"name": "a", "namespaces": ["Team"]}], "spec.services.namespaces: is no name of a namespace"),
    *((["webhook", "token", "overlap"], text, "spec.webhook.token.overlap: is no time") for text in NO_TIMES),
    *((["enrichment", "lookback"], text, "spec.enrichment.lookback: is no time") for text in NO_TIMES),
]
"""One place of a valid spec, what it becomes, and the one message expected."""


def manifest(spec: dict[str, Any], name: str = "payments") -> str:
    return json.dumps(integration(name, "default", spec))


def dry_run(cluster: Cluster, text: str) -> dict[str, Any]:
    out = cluster.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=text)
    found: dict[str, Any] = json.loads(out)
    return found


def changed(path: list[str], value: Any) -> dict[str, Any]:
    spec = copy.deepcopy(VALID)
    place = spec
    for key in path[:-1]:
        place = place[key]
    if value is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return spec


def test_the_valid_spec_is_accepted(cluster: Cluster) -> None:
    assert dry_run(cluster, manifest(VALID))["spec"]["direction"] == "bidirectional"


@pytest.mark.parametrize(("path", "value", "message"), BROKEN)
def test_one_broken_rule_gives_one_message_with_the_mend(
    cluster: Cluster, path: list[str], value: Any, message: str
) -> None:
    with pytest.raises(LocalKubeError) as refused:
        dry_run(cluster, manifest(changed(path, value)))
    assert str(refused.value).count(message) == 1
    assert "\n*" not in str(refused.value), "it is the only message"
    assert ";" in str(refused.value).split(message)[1]


def test_a_name_too_long_for_its_secret_is_refused(cluster: Cluster) -> None:
    with pytest.raises(LocalKubeError, match=r"metadata\.name: is longer than 200 characters; choose"):
        dry_run(cluster, manifest(VALID, name="a" * 201))


def test_every_rule_of_the_definition_is_broken_by_a_test() -> None:
    messages = re.findall(r'message: "([^"]+)"', CRD.read_text())
    assert [each for each in messages if not any(broken in each for _, _, broken in BROKEN)] == [messages[0]]


@pytest.mark.parametrize(
    ("scope", "shown"),
    [
        ({"type": "service", "id": "P1"}, ["service", "P1"]),
        ({"type": "team", "id": "T1"}, ["team", "T1"]),
        ({}, ["account"]),
    ],
)
def test_kubectl_shows_what_a_subscription_covers(
    cluster: Cluster, namespace: str, scope: dict[str, str], shown: list[str]
) -> None:
    spec = changed(["webhook", "subscription", "scope"], scope)
    cluster.kubectl("create", "-f", "-", input=json.dumps(integration("payments", namespace, spec)))
    header, row = cluster.kubectl("-n", namespace, "get", "pdi").splitlines()
    at, end = header.index("SCOPE"), header.index("LAST WEBHOOK")
    assert row[at:end].split() == shown


@pytest.mark.parametrize(
    "refs",
    [
        [{"name": "a"}],
        [{"name": "a", "namespace": "x"}, {"name": "a", "namespace": "y"}],
        [{"name": "a", "sectionName": "http"}, {"name": "a", "sectionName": "https", "port": 8443}],
        [{"name": f"{'n' * 250}{n}", "namespace": "s" * 63, "sectionName": "l" * 253} for n in range(8)],
    ],
)
def test_an_http_route_names_the_gateways_it_is_attached_to(cluster: Cluster, refs: list[dict[str, Any]]) -> None:
    spec = changed(["webhook", "route"], {**through_gateways(*refs), "annotations": {"a": "b"}})
    assert dry_run(cluster, manifest(spec))["spec"]["webhook"]["route"]["parentRefs"] == refs


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["direction"], "sideways"),
        (["region"], "asia"),
        (["webhook", "route", "type"], "TCPRoute"),
        (["webhook", "route"], through_gateways({"name": "a", "port": 0})),
        (["webhook", "route"], through_gateways({"sectionName": "https"})),
        (["webhook", "route"], through_gateways(*({"name": f"g{n}"} for n in range(9)))),
        (["webhook", "subscription", "management"], "Managed"),
        (["enrichment", "minimumConfidence"], 1.5),
        (["displayName"], "x" * 121),
        (["services"], [{"name": f"s{n}"} for n in range(51)]),
        (["services"], [{"name": "twice"}, {"name": "twice"}]),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(cluster: Cluster, path: list[str], value: Any) -> None:
    with pytest.raises(LocalKubeError, match="is invalid"):
        dry_run(cluster, manifest(changed(path, value)))


def test_the_largest_spec_fits_into_the_cost_budget(cluster: Cluster) -> None:
    services = [
        {
            "name": f"service-{n}",
            "selector": {"matchLabels": {f"l{i}": "v" * 63 for i in range(16)}},
            "namespaces": [f"ns-{i}" for i in range(20)],
            "dependsOn": [f"dependency-{i}" for i in range(50)],
        }
        for n in range(50)
    ]
    assert len(dry_run(cluster, manifest({**VALID, "services": services}))["spec"]["services"]) == 50


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("pdi", "Connects one PagerDuty service"),
        ("pdi.spec.direction", "webhooks come in, notes go out"),
        ("pdi.spec.webhook.route", "<[]Object> With type HTTPRoute, the Gateways that serve it; at least one"),
        ("pdi.spec.webhook.route.parentRefs.sectionName", "The name of the Gateway's listener"),
        ("pdi.spec.webhook.token.overlap", "How long the old URL"),
        ("pdi.status.conditions", "Ready sums up"),
    ],
)
def test_kubectl_explains_the_fields(cluster: Cluster, field: str, words: str) -> None:
    assert words in " ".join(cluster.kubectl("explain", field).split())
