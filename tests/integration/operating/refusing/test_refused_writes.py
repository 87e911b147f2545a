"""A write that is refused is one state: one Event, one token, and no writes until something changes."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from noctuary.models.routing_record import hash_secret
from testbed.operating import refusals
from testbed.operating.steadiness import state, stays, touch
from testbed.operating.team import OperatorProcess, StartOperator, Team, TeamOf
from testbed.polling import eventually

IN_ONE_POD = {"NOCTUARY_IDENTITY": "pod-0"}
"""A process restarted in its pod need not wait for the Lease's end."""
AGAIN_S = 120
"""A write that was refused is tried again every minute."""


@pytest.fixture
def own_operator(start_operator: StartOperator) -> OperatorProcess:
    return start_operator(**IN_ONE_POD)


@pytest.mark.parametrize(
    ("refuse", "reason"),
    [
        (refusals.name_taken, "SecretNameTaken"),
        (refusals.quota, "SecretRefused"),
        (refusals.policy, "SecretRefused"),
        (refusals.webhook, "SecretRefused"),
        (refusals.secret_right, "SecretRefused"),
    ],
)
def test_a_webhook_secret_that_cannot_be_written_is_one_state_and_one_event(
    own_operator: OperatorProcess,
    team_of: TeamOf,
    refuse: Callable[[Team], AbstractContextManager[None]],
    reason: str,
) -> None:
    team = team_of(own_operator)
    with refuse(team):
        team.apply("payments")
        team.settled("payments", reason, "TokenReady")
        eventually("the Event", lambda: reason in team.events("payments"))
        before = state(team)
        assert (before["token"]["serial"], before["events"]) == (1, [reason])
        stays(team, own_operator)
    touch(team, own_operator, 1)
    team.settled("payments", "AwaitingFirstWebhook")
    assert team.existing_record(team.id("payments")).tokens == before["record"].tokens


@pytest.mark.parametrize(
    ("refuse", "mend"), [(refusals.policy, "change the quota, the policy"), (refusals.immutable, "delete this Secret")]
)
def test_a_rotation_ends_no_url_before_people_can_read_the_new_one(
    own_operator: OperatorProcess, team_of: TeamOf, refuse: Callable[[Team], AbstractContextManager[None]], mend: str
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    before, known, id_ = team.secret("payments"), team.status("payments")["token"], team.id("payments")
    with refuse(team):
        team.apply("payments", webhook={"token": {"rotateRequest": "a", "overlap": "1h"}})
        assert mend in team.settled("payments", "SecretRefused", "TokenReady")["message"]
        tokens = team.existing_record(id_).tokens
        assert (tokens[0].sha256, [token.expires_at for token in tokens]) == (hash_secret(before["token"]), [None] * 2)
        assert (team.status("payments")["token"], team.secret("payments")) == (known, before)
        stays(team, own_operator)
        allowed_at = time.time()
    touch(team, own_operator, 1)
    status = eventually("the rotation", lambda: (t := team.status("payments")["token"]) != known and t)
    new, old = team.existing_record(id_).tokens
    assert (status["serial"], status["observedRotateRequest"]) == (2, "a")
    assert (new.sha256, old.sha256) == (hash_secret(team.secret("payments")["token"]), hash_secret(before["token"]))
    assert (old.expires_at or 0) >= allowed_at + 3600
    assert team.events("payments").count("TokenRotated") == 1


def test_an_ingest_key_ends_no_sooner_than_people_can_read_the_new_one(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_, key = team.id("payments"), hash_secret(team.secret("payments")["ingestKey"])
    with refusals.policy(team):
        team.kubectl("delete", "secret", "payments-webhook")
        team.settled("payments", "SecretRefused", "TokenReady")
        assert team.existing_record(id_).ingest_key_before_sha256 == key
        stays(team, own_operator)
    touch(team, own_operator, 1)
    team.settled("payments", "AwaitingFirstWebhook")
    new = hash_secret(team.secret("payments")["ingestKey"])
    assert team.existing_record(id_).ingest_key_hashes == {new} != {key}


def test_a_routing_record_that_cannot_be_written_is_one_state_and_one_event_and_no_token(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    with refusals.record_policy(team):
        team.apply("payments")
        assert "the routing record" in team.settled("payments", "SecretRefused", "TokenReady")["message"]
        eventually("the Event", lambda: team.events("payments") == ["SecretRefused"])
        stays(team, own_operator)
        assert (state(team)["token"], team.secret("payments")) == (None, {})
    team.settled("payments", "AwaitingFirstWebhook", deadline_s=AGAIN_S)
    assert team.status("payments")["token"]["serial"] == 1


@pytest.mark.parametrize("refuse", [refusals.route_policy, refusals.route_right, refusals.absent_webhook])
def test_a_route_that_cannot_be_written_is_one_state_and_one_event(
    own_operator: OperatorProcess, team_of: TeamOf, refuse: Callable[[Team], AbstractContextManager[None]]
) -> None:
    team = team_of(own_operator)
    with refuse(team):
        team.apply("payments", webhook={"route": {"type": "Ingress"}})
        team.settled("payments", "RouteRefused", "RouteReady")
        eventually("the Event", lambda: team.events("payments") == ["RouteRefused"])
        stays(team, own_operator)
        assert team.ingress(team.id("payments")) is None
    touch(team, own_operator, 1)
    team.settled("payments", "RouteNotAdmitted", "RouteReady")


def test_a_route_that_cannot_be_removed_is_one_state_and_one_event(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": {"type": "Ingress"}})
    eventually("the route", lambda: team.ingress(team.id("payments")))
    with refusals.removal_right(team):
        team.apply("payments", webhook={"route": {"type": "None"}})
        assert "delete" in team.settled("payments", "RouteRefused", "RouteReady")["message"]
        eventually("the Event", lambda: "RouteRefused" in team.events("payments"))
        stays(team, own_operator)
    touch(team, own_operator, 1)
    eventually("no route", lambda: team.ingress(team.id("payments")) is None)


def test_a_secret_that_may_not_be_read_is_named_and_changes_nothing(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    before = team.existing_record(team.id("payments"))
    with refusals.reading_right(team):
        team.store("pagerduty", token="another")
        assert "Secret pagerduty" in team.settled("payments", "SecretAccessMissing", "TokenReady")["message"]
        assert team.existing_record(team.id("payments")) == before
    team.settled("payments", "AwaitingFirstWebhook", deadline_s=AGAIN_S)
    assert team.existing_record(team.id("payments")).api_token == "another"
