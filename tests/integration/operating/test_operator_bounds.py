"""What a tenant may take of the operator, and what an administrator may narrow: with operators of the tests' own.

None is shared with these: two that serve the same namespaces would undo each other's work.
"""

import json
import re
import time
from pathlib import Path

import pytest

from testbed.localkube import Cluster
from testbed.operating.team import OperatorProcess, StartOperator, Team, TeamOf
from testbed.polling import eventually

MEGABYTE = "QUFB" * 250_000
BIG_SECRETS = 100
MOST_MEGABYTES = 150
"""Of resident memory: 90 are needed without any Secret; with their values it would be 280."""


def big_secret(name: str) -> str:
    """Return a Secret that carries our label and was not made by us."""
    metadata = {"name": name, "labels": {"noctuary.io/role": "webhook-secret"}}
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"value": MEGABYTE}})


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
    assert (team.secret("a"), team.record(team.id("a"))) == ({}, None)
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
    uids = {name: team.id(name) for name in "abc"}
    before = {name: (team.secret(name), team.existing_record(id_), team.ingress(id_)) for name, id_ in uids.items()}
    for _ in range(2):
        operator.stop()
        operator.settings["NOCTUARY_MAX_INTEGRATIONS_PER_NAMESPACE"] = "2"
        operator.start()
        order = team.kubectl("get", "pdi", "--output=json")
        oldest = sorted((i["metadata"]["creationTimestamp"], i["metadata"]["name"]) for i in json.loads(order)["items"])
        youngest = oldest[-1][1]
        team.settled(youngest, "TooManyIntegrations")
        assert all(team.condition(name)["reason"] != "TooManyIntegrations" for _, name in oldest[:2])
        after = {name: (team.secret(name), team.existing_record(id_), team.ingress(id_)) for name, id_ in uids.items()}
        assert after == before


def megabytes_at_most(operator: OperatorProcess) -> float:
    """Return the peak of the process's resident memory."""
    pid = operator.process.pid if operator.process is not None else 0
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def test_big_secrets_with_our_label_in_a_teams_namespace_take_no_memory(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    for number in range(0, BIG_SECRETS, 10):
        ten = [big_secret(f"big-{each}") for each in range(number, number + 10)]
        team.kubectl("create", "-f", "-", input="\n---\n".join(ten))
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    own_operator.stop()
    own_operator.start()
    annotate_and_settle(team, "payments")
    assert megabytes_at_most(own_operator) < MOST_MEGABYTES


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
    id_ = team.id("payments")
    before = (team.existing_ingress(id_), team.secret("payments"), team.existing_record(id_))
    operator.stop()
    operator.settings[f"NOCTUARY_{setting}"] = narrower
    operator.start()
    assert value in team.settled("payments", reason, "RouteReady")["message"]
    assert (team.existing_ingress(id_), team.secret("payments"), team.existing_record(id_)) == before
    team.apply("payments", webhook={"host": "new.allowed.example.com", "route": {**ROUTE, "ingressClassName": "other"}})
    eventually("the change is refused", lambda: team.condition("payments", "RouteReady").get("reason"))
    assert (team.existing_ingress(id_), team.secret("payments")) == before[:2]
    team.kubectl("delete", "pdi", "payments")
    eventually("nothing is left", lambda: team.ingress(id_) is None)


def test_a_route_that_was_deleted_under_a_narrower_policy_is_not_made_again_and_the_condition_says_what_to_do(
    start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator()
    team = team_of(operator)
    team.apply("payments", webhook={"route": ROUTE})
    team.settled("payments", "RouteNotAdmitted", "RouteReady")
    id_, wide = team.id("payments"), operator.settings["NOCTUARY_ALLOWED_WEBHOOK_HOSTS"]

    def restart(allowed: str) -> None:
        operator.stop()
        operator.settings["NOCTUARY_ALLOWED_WEBHOOK_HOSTS"] = allowed
        operator.start()

    restart("other.example.com")
    assert "is not made again when somebody deletes it" in team.settled("payments", "HostNotAllowed")["message"]
    before = team.existing_ingress(id_)
    team.cluster.kubectl("-n", team.release, "delete", "ingress", before["metadata"]["name"])

    def message() -> str:
        return str(team.condition("payments", "RouteReady")["message"])

    said = eventually("the route is missed", message, lambda text: text.endswith("is made"))
    assert "add it to policy.webhookHosts" in said
    assert "until then no route to noctuary.example.com is made" in said
    assert team.ingress(id_) is None
    restart(wide)
    team.settled("payments", "RouteNotAdmitted", "RouteReady")
    assert team.existing_ingress(id_)["spec"] == before["spec"]


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
    id_ = unlisted.id("payments")
    before = (unlisted.secret("payments"), unlisted.existing_record(id_))
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
    assert (unlisted.secret("payments"), unlisted.existing_record(id_)) == before
    assert later.record(later.id("payments")) is None
    bind_secrets(cluster, operator.namespace, later.namespace)
    later.settled("payments", "AwaitingFirstWebhook")
    unlisted.kubectl("delete", "pdi", "payments")
    eventually("nothing is left", lambda: unlisted.record(id_) is None)
    assert operator.fetch("/healthz") == "ok"
