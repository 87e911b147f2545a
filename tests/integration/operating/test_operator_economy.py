"""How little the operator does: each test counts with an operator of its own."""

import json
import time

import pytest

from testbed.localkube import Cluster
from testbed.operating.team import OperatorProcess, StartOperator, TeamOf
from testbed.polling import eventually

INGRESS = {"type": "Ingress", "ingressClassName": "nginx"}


@pytest.fixture
def own_operator(cluster: Cluster, start_operator: StartOperator) -> OperatorProcess:
    """An operator with nothing to work but this test's own: what earlier tests leave behind would count too."""
    left = ["get", "pdi", "--all-namespaces", "--output=name"]
    eventually("no integration is left", lambda: not cluster.kubectl(*left).strip(), timeout_s=60)
    return start_operator()


def test_a_fresh_integration_costs_three_writes_and_four_with_an_ingress(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("one")
    team.settled("one", "AwaitingFirstWebhook")
    team.apply("two", webhook={"route": INGRESS})
    team.settled("two", "RouteNotAdmitted")
    assert own_operator.writes() == {"Secret": 4, "PagerDutyIntegration status": 2, "Ingress": 1}


def test_an_ingress_address_costs_one_status_write(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    before = own_operator.writes()
    patch = '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}'
    name = team.existing_ingress(team.id("payments"))["metadata"]["name"]
    team.cluster.kubectl(
        "-n", team.release, "patch", "ingress", name, "--subresource=status", "--type=merge", "-p", patch
    )
    assert team.settled("payments", "AddressAssigned", "RouteReady")["status"] == "True"
    assert team.condition("payments")["status"] == "True"
    changed = {kind: count - before[kind] for kind, count in own_operator.writes().items() if count != before[kind]}
    assert changed == {"PagerDutyIntegration status": 1}


def test_a_problem_is_not_retried_hot(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    team = team_of(own_operator)
    team.kubectl("delete", "secret", "pagerduty")
    team.apply("payments", webhook={"host": "evil.example.org", "route": INGRESS})
    team.settled("payments", "HostNotAllowed")
    before = own_operator.reconciles()
    time.sleep(2)  # nothing is to happen: there is nothing to poll for
    assert own_operator.reconciles() - before < 10  # what other tests left behind may be collected meanwhile


def test_a_secret_many_refer_to_is_read_once(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    team = team_of(own_operator)
    for name in ("a", "b", "c"):
        team.apply(name)
    for name in ("a", "b", "c"):
        team.settled(name, "AwaitingFirstWebhook")
    assert "noctuary_operator_secret_reads_total 2.0" in own_operator.fetch("/metrics")


def test_no_secret_is_in_log_status_events_or_ingress(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    secret = team.secret("payments")
    shown = [
        own_operator.log.read_text(),
        json.dumps(team.get("pdi", "payments")),
        json.dumps(team.ingress(team.id("payments"))),
        own_operator.fetch("/metrics"),
    ]
    values = [secret["token"], secret["ingestKey"], "canary-signing-secret", "u+canary-api-token"]
    assert [value for value in values for text in shown if value in text] == []


def test_a_restart_writes_nothing_when_nothing_changed(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    team = team_of(own_operator)
    team.apply("one", webhook={"route": INGRESS})
    team.apply("two")
    team.settled("one", "RouteNotAdmitted")
    team.settled("two", "AwaitingFirstWebhook")
    assert own_operator.stop() == 0
    own_operator.start()
    eventually("both worked", lambda: own_operator.reconciles() >= 3)
    assert own_operator.writes() == {}


def test_an_integration_at_rest_is_left_alone(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    before = (team.existing("pdi", "payments"), team.get("secret", "payments-webhook"), own_operator.writes())
    team.apply("payments", webhook={"route": INGRESS})
    team.kubectl("annotate", "pdi", "payments", "example.com/touched=1")
    time.sleep(1)  # nothing is to happen: there is nothing to poll for
    assert team.existing("pdi", "payments")["status"] == before[0]["status"]
    assert (team.get("secret", "payments-webhook"), own_operator.writes()) == before[1:]
