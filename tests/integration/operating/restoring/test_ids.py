"""An id belongs to one integration: what a team writes into its Secrets takes nobody's."""

import json
import uuid
from typing import Any

from testbed.operating.backup import forge_webhook_secret
from testbed.operating.team import OperatorProcess, Team, TeamOf
from testbed.polling import eventually

INGRESS = {"type": "Ingress"}
FREE = str(uuid.UUID(int=0x5EED))


def standing(team: Team, id_: str) -> list[Any]:
    return [team.secret("payments"), team.existing_record(id_), team.existing_ingress(id_), team.events("payments")]


def test_an_integration_that_names_the_id_of_another_is_refused_and_the_owner_undisturbed(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    victim, thief = team_of(own_operator), team_of(own_operator)
    victim.apply("payments", webhook={"route": INGRESS})
    victim.settled("payments", "RouteNotAdmitted")
    id_ = victim.id("payments")
    before = standing(victim, id_)
    forge_webhook_secret(thief, "stolen", id_)
    forged = thief.secret("stolen")
    thief.apply("stolen", webhook={"route": INGRESS})
    said = thief.settled("stolen", "IntegrationIDTaken", "TokenReady")
    assert "was made for another namespace or name" in said["message"]
    assert victim.namespace not in said["message"]
    own_operator.stop()
    own_operator.start()
    eventually("worked", lambda: own_operator.reconciles() >= 2)
    assert (standing(victim, id_), thief.secret("stolen"), thief.id("stolen")) == (before, forged, "")
    thief.kubectl("delete", "secret", "stolen-webhook")
    thief.settled("stolen", "AwaitingFirstWebhook", "SubscriptionReady")
    assert thief.id("stolen") not in ("", id_)


def test_an_id_that_is_written_into_the_secret_of_a_living_integration_is_replaced(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    before = team.secret("payments")
    team.kubectl("patch", "secret", "payments-webhook", "--type=merge", "-p", '{"data":{"integrationID":"Zm9yZ2Vk"}}')
    eventually("the id", lambda: team.secret("payments") == before)


def test_who_writes_the_secret_of_another_into_that_of_a_living_integration_takes_nothing(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    victim, thief = team_of(own_operator), team_of(own_operator)
    for team in (victim, thief):
        team.apply("payments", webhook={"route": INGRESS})
        team.settled("payments", "RouteNotAdmitted")
    id_, own = victim.id("payments"), thief.id("payments")
    before, victims = standing(victim, id_), victim.secret("payments")["token"]
    known = {thief.secret("payments")["token"], victims}
    stolen = {"data": victim.existing("secret", "payments-webhook")["data"]}
    thief.kubectl("patch", "secret", "payments-webhook", "--type=merge", "-p", json.dumps(stolen))
    eventually("a token of its own", lambda: thief.secret("payments")["token"] not in known)
    assert (thief.id("payments"), thief.secret("payments")["integrationID"]) == (own, own)
    assert standing(victim, id_) == before


def test_of_two_that_name_one_id_one_gets_it_and_keeps_it(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    teams = [team_of(own_operator) for _ in range(2)]
    for team in teams:
        forge_webhook_secret(team, "payments", FREE)
    own_operator.stop()
    for team in teams:
        team.apply("payments")
    own_operator.start()

    def reasons() -> list[str]:
        return [team.condition("payments", "TokenReady").get("reason", "") for team in teams]

    eventually("one has it", lambda: sorted(reasons()) == ["IntegrationIDTaken", "TokenIssued"])
    before, owner = reasons(), teams[reasons().index("TokenIssued")]
    own_operator.stop()
    own_operator.start()
    eventually("worked", lambda: own_operator.reconciles() >= 2)
    assert (reasons(), owner.existing_record(FREE).namespace) == (before, owner.namespace)
    owner.kubectl("delete", "pdi", "payments")
    other = next(team for team in teams if team is not owner)
    other.kubectl("annotate", "secret", "payments-webhook", "looked=at")
    other.settled("payments", "TokenIssued", "TokenReady", deadline_s=120)
    assert other.existing_record(FREE).namespace == other.namespace


def test_the_id_of_an_integration_that_is_gone_is_nobody_elses(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    gone, thief = team_of(own_operator), team_of(own_operator)
    gone.apply("payments")
    gone.settled("payments", "AwaitingFirstWebhook")
    id_ = gone.id("payments")
    gone.kubectl("delete", "pdi", "payments")
    eventually("it is gone", lambda: gone.record(id_) is None)
    forge_webhook_secret(thief, "payments", id_)
    thief.apply("payments")
    thief.settled("payments", "IntegrationIDTaken", "TokenReady")
    assert gone.record(id_) is None


def test_the_id_of_an_integration_outlives_its_record_and_its_secret(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_ = team.id("payments")
    own_operator.stop()
    team.cluster.kubectl("-n", team.release, "delete", "secret", f"noctuary-{id_}")
    team.kubectl("delete", "secret", "payments-webhook")
    own_operator.start()
    eventually("the record", lambda: team.record(id_))
    assert team.secret("payments")["integrationID"] == id_
