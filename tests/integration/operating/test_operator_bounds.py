"""What a tenant may take of the operator: how many integrations, how heavy, how much memory, whose Secrets."""

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from testbed.localkube import Cluster
from testbed.operating.team import OperatorProcess, StartOperator, Team, TeamOf
from testbed.polling import eventually

MEGABYTE = "QUFB" * 250_000
BIG_SECRETS = 100
MOST_MEGABYTES = 150
"""Of resident memory: 90 are needed without any Secret; with their values it would be 280."""


def annotate_and_settle(team: Team, name: str) -> None:
    """Have an integration worked once more, by a change of its spec."""
    team.apply(name, displayName="changed")
    eventually("it was worked", lambda: team.status(name).get("conditions"))


def test_beyond_the_cap_the_youngest_make_nothing_and_come_in_when_one_goes(
    start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator(NOCTUARY_MAX_INTEGRATIONS_PER_NAMESPACE="2")
    team, other = team_of(operator), team_of(operator)
    for name in ("b", "c"):
        team.apply(name)
        team.settled(name, "AwaitingFirstWebhook")
    time.sleep(1.1)  # creation times are of whole seconds
    team.apply("a")
    said = team.settled("a", "TooManyIntegrations")
    assert (said["status"], "limits.integrationsPerNamespace" in said["message"]) == ("False", True)
    assert (team.secret("a"), team.record(team.uid("a"))) == ({}, None)
    other.apply("a")
    other.settled("a", "AwaitingFirstWebhook")
    team.kubectl("delete", "pdi", "b")
    team.settled("a", "AwaitingFirstWebhook")
    assert team.secret("a")["url"]


def test_a_lower_cap_leaves_what_stands_and_a_restart_chooses_the_same(
    start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator()
    team = team_of(operator)
    for name in ("c", "b", "a"):
        team.apply(name, webhook={"route": {"type": "Ingress"}})
        team.settled(name, "RouteNotAdmitted")
    uids = {name: team.uid(name) for name in "abc"}
    before = {name: (team.secret(name), team.existing_record(uid), team.ingress(uid)) for name, uid in uids.items()}
    for _ in range(2):
        operator.stop()
        operator.settings["NOCTUARY_MAX_INTEGRATIONS_PER_NAMESPACE"] = "2"
        operator.start()
        order = team.kubectl("get", "pdi", "--output=json")
        oldest = sorted((i["metadata"]["creationTimestamp"], i["metadata"]["name"]) for i in json.loads(order)["items"])
        youngest = oldest[-1][1]
        team.settled(youngest, "TooManyIntegrations")
        assert all(team.condition(name)["reason"] != "TooManyIntegrations" for _, name in oldest[:2])
        after = {name: (team.secret(name), team.existing_record(uid), team.ingress(uid)) for name, uid in uids.items()}
        assert after == before


def heavy_services() -> list[dict[str, Any]]:
    """Services within the schema's bounds that weigh 700 KB."""
    return [{"name": f"s{n}", "dependsOn": [f"{m:03}".ljust(253, "d") for m in range(50)]} for n in range(50)]


def test_a_spec_that_is_too_heavy_says_so_and_leaves_what_stands(team: Team) -> None:
    team.apply("payments", services=[{"name": "api"}])
    team.settled("payments", "AwaitingFirstWebhook")
    uid = team.uid("payments")
    before = (team.secret("payments"), team.existing_record(uid))
    patch = json.dumps({"spec": {"services": heavy_services()}})
    team.kubectl("patch", "pdi", "payments", "--type=merge", "--patch-file=/dev/stdin", input=patch)
    said = team.settled("payments", "SpecTooLarge")
    assert re.search(r"weighs \d{6} bytes as JSON, more than the 65536", said["message"])
    assert (team.secret("payments"), team.existing_record(uid)) == before
    team.apply("payments", services=[{"name": "shop"}])
    team.settled("payments", "AwaitingFirstWebhook")
    assert [service.name for service in team.existing_record(uid).services] == ["shop"]


def megabytes_at_most(operator: OperatorProcess) -> float:
    """Return the peak of the process's resident memory."""
    pid = operator.process.pid if operator.process is not None else 0
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def labelled(name: str, role: str, value: str) -> str:
    """Return a Secret that carries our label and was not made by us."""
    metadata = {"name": name, "labels": {"noctuary.io/role": role}}
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"value": value}})


def test_big_secrets_with_our_label_in_a_teams_namespace_take_no_memory(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    for number in range(0, BIG_SECRETS, 10):
        ten = [labelled(f"big-{each}", "webhook-secret", MEGABYTE) for each in range(number, number + 10)]
        team.kubectl("create", "-f", "-", input="\n---\n".join(ten))
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    own_operator.stop()
    own_operator.start()
    annotate_and_settle(team, "payments")
    assert megabytes_at_most(own_operator) < MOST_MEGABYTES


@pytest.mark.parametrize("role", ["webhook-secret", "routing-record", "anything"])
def test_a_labelled_secret_that_was_made_for_nobody_is_left_alone(team: Team, role: str) -> None:
    value = base64.b64encode(b"mine").decode()
    team.kubectl("create", "-f", "-", input=labelled("payments-webhook", role, value))
    team.apply("payments")
    team.settled("payments", "SecretNameTaken", "TokenReady")
    assert team.secret("payments") == {"value": "mine"}
    team.kubectl("delete", "secret", "payments-webhook")
    team.settled("payments", "AwaitingFirstWebhook")


def test_a_secret_of_another_owner_is_left_alone_whatever_its_labels(team: Team) -> None:
    team.apply("other")
    team.settled("other", "AwaitingFirstWebhook")
    owner = {"apiVersion": "noctuary.io/v1alpha1", "kind": "PagerDutyIntegration", "name": "other"}
    labels = {"noctuary.io/role": "webhook-secret", "noctuary.io/integration-id": team.uid("other")}
    metadata = {
        "name": "payments-webhook",
        "labels": labels,
        "ownerReferences": [{**owner, "uid": team.uid("other")}],
    }
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"url": "mine"}}
    team.kubectl("create", "-f", "-", input=json.dumps(manifest))
    before = team.secret("other")
    team.apply("payments")
    team.settled("payments", "SecretNameTaken", "TokenReady")
    assert (team.secret("payments"), team.secret("other")) == ({"url": "mine"}, before)


def test_a_reference_to_anothers_webhook_secret_reads_nothing_and_changes_nothing(team: Team) -> None:
    team.apply("other")
    team.settled("other", "AwaitingFirstWebhook")
    before = team.secret("other")
    team.apply("payments", apiTokenSecretRef={"name": "other-webhook", "key": "token"})
    said = team.settled("payments", "ApiTokenMissing", "OutboundReady")
    assert "was made by Noctuary itself" in said["message"]
    assert team.existing_record(team.uid("payments")).api_token is None
    assert team.secret("other") == before


@pytest.mark.parametrize("token", ["u+t\u00f6ken", "\ufeffu+token", "x" * 5000])
def test_an_api_token_that_no_header_can_carry_is_in_no_record(team: Team, token: str) -> None:
    team.store("pagerduty", token=token)
    team.apply("payments")
    said = team.settled("payments", "ApiTokenUnusable", "OutboundReady")
    assert "spec.apiTokenSecretRef: key token of Secret pagerduty" in said["message"]
    assert team.existing_record(team.uid("payments")).api_token is None
    team.store("pagerduty", token="u+good")
    team.settled("payments", "ApiTokenLoaded", "OutboundReady")


def test_a_from_that_no_header_can_carry_is_named(team: Team) -> None:
    team.apply("payments", **{"from": "b\u00f6t@example.com"})
    assert "spec.from: " in team.settled("payments", "FromUnusable", "OutboundReady")["message"]
    record = team.existing_record(team.uid("payments"))
    assert (record.from_email, record.api_token) == (None, None)


def test_a_signing_secret_that_pagerduty_never_made_is_named(team: Team) -> None:
    team.store("signing", secret="s\u2026cret")
    team.apply("payments")
    said = team.settled("payments", "SigningSecretUnusable", "SubscriptionReady")
    assert "spec.webhook.subscription.signingSecretRef: key secret of Secret signing" in said["message"]
    assert team.existing_record(team.uid("payments")).signing_secrets == []


ROUTE = {
    "type": "Ingress",
    "ingressClassName": "nginx",
    "tls": {"secretName": "cert"},
    "annotations": {"example.com/size": "2m"},
}


@pytest.mark.parametrize(
    ("setting", "narrower", "reason", "value"),
    [
        ("ALLOWED_WEBHOOK_HOSTS", "other.example.com", "HostNotAllowed", "policy.webhookHosts"),
        ("ALLOWED_ROUTE_ANNOTATIONS", "", "AnnotationNotAllowed", "policy.routeAnnotations"),
        ("ALLOWED_INGRESS_CLASSES", "internal", "IngressClassNotAllowed", "policy.ingressClassNames"),
        ("ALLOWED_TLS_SECRETS", "[]", "TLSSecretNotAllowed", "policy.tlsSecretNames"),
    ],
)
def test_a_policy_that_becomes_narrower_takes_no_route_away(
    start_operator: StartOperator, team_of: TeamOf, setting: str, narrower: str, reason: str, value: str
) -> None:
    operator = start_operator()
    team = team_of(operator)
    team.apply("payments", webhook={"route": ROUTE})
    team.settled("payments", "RouteNotAdmitted")
    uid = team.uid("payments")
    before = (team.existing_ingress(uid), team.secret("payments"), team.existing_record(uid))
    operator.stop()
    operator.settings[f"NOCTUARY_{setting}"] = narrower
    operator.start()
    assert value in team.settled("payments", reason, "RouteReady")["message"]
    assert (team.existing_ingress(uid), team.secret("payments"), team.existing_record(uid)) == before
    team.apply("payments", webhook={"host": "new.allowed.example.com", "route": {**ROUTE, "ingressClassName": "other"}})
    eventually("the change is refused", lambda: team.condition("payments", "RouteReady").get("reason"))
    assert (team.existing_ingress(uid), team.secret("payments")) == before[:2]
    team.kubectl("delete", "pdi", "payments")
    eventually("nothing is left", lambda: team.ingress(uid) is None)


SECRETS_RULE = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch", "create", "patch"]}


def drop_cluster_wide_secrets(cluster: Cluster, release: str) -> None:
    """Take the right to Secrets out of the operator's ClusterRole, as the chart does with secretAccess namespaces."""
    name = f"noctuary-operator-{release}"
    role = json.loads(cluster.kubectl("get", "clusterrole", name, "--output=json"))
    role["rules"] = [rule for rule in role["rules"] if "secrets" not in rule["resources"]]
    cluster.kubectl("replace", "--filename=-", input=json.dumps(role))


def bind_secrets(cluster: Cluster, release: str, namespace: str) -> None:
    """Make the Role and RoleBinding that the chart makes for a namespace of secretNamespaces."""
    name = f"noctuary-operator-secrets-{release}"
    metadata = {"name": name, "namespace": namespace}
    subject = {"kind": "ServiceAccount", "name": "noctuary-operator", "namespace": release}
    api = "rbac.authorization.k8s.io"
    items = [
        {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": metadata, "rules": [SECRETS_RULE]},
        {
            "apiVersion": f"{api}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": api, "kind": "Role", "name": name},
            "subjects": [subject],
        },
    ]
    cluster.kubectl("apply", "--filename=-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def test_secrets_of_listed_namespaces_only_are_read_and_elsewhere_the_missing_role_is_named(
    cluster: Cluster, start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator()
    served, unlisted, later = team_of(operator), team_of(operator), team_of(operator)
    unlisted.apply("payments")
    unlisted.settled("payments", "AwaitingFirstWebhook")
    uid = unlisted.uid("payments")
    before = (unlisted.secret("payments"), unlisted.existing_record(uid))
    operator.stop()
    drop_cluster_wide_secrets(cluster, operator.namespace)
    bind_secrets(cluster, operator.namespace, served.namespace)
    operator.settings["NOCTUARY_SECRET_ACCESS"] = "namespaces"
    operator.settings["NOCTUARY_SECRET_NAMESPACES"] = f"{served.namespace},{later.namespace}"
    operator.start()
    for team in (served, later):
        team.apply("payments")
    served.settled("payments", "AwaitingFirstWebhook")
    role = f"Role noctuary-operator-secrets-{operator.namespace} is missing in namespace"
    for team in (unlisted, later):
        said = team.settled("payments", "SecretAccessMissing", "TokenReady")
        assert (said["status"], f"{role} {team.namespace}" in said["message"]) == ("False", True)
        assert team.condition("payments")["reason"] == "SecretAccessMissing"
    assert (unlisted.secret("payments"), unlisted.existing_record(uid)) == before
    assert later.record(later.uid("payments")) is None
    bind_secrets(cluster, operator.namespace, later.namespace)
    later.settled("payments", "AwaitingFirstWebhook")
    unlisted.kubectl("delete", "pdi", "payments")
    eventually("nothing is left", lambda: unlisted.record(uid) is None)
    assert operator.fetch("/healthz") == "ok"
