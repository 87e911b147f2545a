"""Rotation: when the webhook URL changes, and how long the old one lives."""

import json
import time

import msgspec
import pytest

from noctuary.models.routing_record import encode_record, hash_secret
from testbed.operating.team import Team
from testbed.polling import eventually


def rotated(team: Team, name: str, before: str) -> str:
    return str(eventually("a new token", lambda: (t := team.secret(name).get("token")) not in (None, before) and t))


def test_a_changed_rotate_request_rotates_and_the_old_token_lives_for_the_overlap(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    old = team.secret("payments")["token"]
    team.apply("payments", webhook={"token": {"rotateRequest": "first", "overlap": "5m"}})
    new = rotated(team, "payments", old)
    tokens = team.existing_record(team.id("payments")).tokens
    assert [(t.sha256, t.serial) for t in tokens] == [(hash_secret(new), 2), (hash_secret(old), 1)]
    assert 240 < (tokens[1].expires_at or 0.0) - time.time() < 301
    status = eventually("the status", lambda: (t := team.status("payments").get("token")) and t["serial"] == 2 and t)
    assert status["observedRotateRequest"] == "first"
    assert "previousExpiresAt" in status
    assert team.events("payments") == ["Ready", "TokenRotated"]


def test_going_back_to_an_earlier_request_rotates_too(team: Team) -> None:
    team.apply("payments", webhook={"token": {"rotateRequest": "a"}})
    team.settled("payments", "AwaitingFirstWebhook")
    token = team.secret("payments")["token"]
    for request in ("b", "a"):
        team.apply("payments", webhook={"token": {"rotateRequest": request}})
        token = rotated(team, "payments", token)


def test_a_first_request_on_a_fresh_integration_and_a_removed_one_rotate_nothing(team: Team) -> None:
    team.apply("payments", webhook={"token": {"rotateRequest": "a"}})
    team.settled("payments", "AwaitingFirstWebhook")
    token = team.secret("payments")["token"]
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    assert team.secret("payments")["token"] == token
    assert team.status("payments")["token"]["serial"] == 1


def test_without_overlap_the_old_tokens_die_at_once(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    token = team.secret("payments")["token"]
    team.apply("payments", webhook={"token": {"rotateRequest": "a", "overlap": "1h"}})
    token = rotated(team, "payments", token)
    team.apply("payments", webhook={"token": {"rotateRequest": "b", "overlap": "0s"}})
    token = rotated(team, "payments", token)
    assert [t.sha256 for t in team.existing_record(team.id("payments")).tokens] == [hash_secret(token)]


def test_a_token_whose_overlap_is_over_leaves_the_record(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    token = team.secret("payments")["token"]
    team.apply("payments", webhook={"token": {"rotateRequest": "a", "overlap": "2s"}})
    rotated(team, "payments", token)
    id_ = team.id("payments")
    eventually("one token", lambda: len(team.existing_record(id_).tokens) == 1)
    eventually(
        "the status", lambda: "previousExpiresAt" not in team.status("payments").get("token", {"previousExpiresAt": 1})
    )


def test_a_token_older_than_the_interval_is_rotated(team: Team) -> None:
    team.apply("payments", webhook={"token": {"rotationInterval": "1h"}})
    team.settled("payments", "AwaitingFirstWebhook")
    token, id_ = team.secret("payments")["token"], team.id("payments")
    aged = msgspec.structs.replace(team.existing_record(id_), rotated_at=time.time() - 3598)
    patch = json.dumps({"data": encode_record(aged)})
    team.cluster.kubectl("-n", team.release, "patch", "secret", f"noctuary-{id_}", "--type=merge", "-p", patch)
    rotated(team, "payments", token)


@pytest.mark.parametrize(("overlap", "counted"), [("1h", ["new", "canary-signing-secret"]), ("0s", ["new"])])
def test_a_replaced_signing_secret_counts_for_the_overlap(team: Team, overlap: str, counted: list[str]) -> None:
    team.apply("payments", webhook={"token": {"overlap": overlap}})
    team.settled("payments", "AwaitingFirstWebhook")
    team.store("signing", secret="new")
    id_ = team.id("payments")
    eventually("the new secret", lambda: [s.value for s in team.existing_record(id_).signing_secrets] == counted)
    assert team.secret("payments")["signingSecret"] == "new"


def test_a_token_changed_by_hand_lives_on_for_the_overlap_as_rotated(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    old = team.secret("payments")["token"]
    team.kubectl("delete", "secret", "payments-webhook")
    rotated(team, "payments", old)
    assert team.existing_record(team.id("payments")).tokens[1].sha256 == hash_secret(old)
    eventually("the event", lambda: "TokenRotated" in team.events("payments"))
