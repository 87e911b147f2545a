"""What happens to the operator while it works: kills, an API server that goes away, a token that ends."""

import ssl
import threading
import urllib.error
import urllib.request

import pytest

from noctuary.models.routing_record import hash_secret
from testbed.localkube import Cluster, LocalKube
from testbed.operating.team import OperatorProcess, StartOperator, TeamOf
from testbed.polling import eventually

ACCOUNT = "noctuary-operator"
LONG_LEASE = {"NOCTUARY_LEASE_DURATION_S": "120", "NOCTUARY_IDENTITY": "pod-0"}
"""No fault here outlasts such a Lease, and a process restarted in its pod need not wait for its end."""
SHORT_TOKEN_S = 8.0
KILLED_AFTER_S = (0.02, 0.06, 0.1, 0.15, 0.2)
"""From before the request arrives at the API server until after all is written, on a fast and on a slow machine."""


@pytest.fixture
def own_control_plane(cluster: Cluster) -> LocalKube:
    if not isinstance(cluster, LocalKube):
        pytest.skip("needs a control plane that may be restarted")
    return cluster


def restart(control_plane: LocalKube) -> None:
    control_plane.stop_apiserver(grace_s=0)
    control_plane.start_apiserver()


def test_a_container_restarted_after_a_kill_takes_its_own_lease_at_once(start_operator: StartOperator) -> None:
    operator = start_operator(**LONG_LEASE)
    operator.kill()
    operator.start()  # fails long before the Lease of 120 s ends
    assert operator.log.read_text().count("Lease acquired") == 2


def test_kills_at_any_moment_of_a_rotation_leave_one_token_that_is_told_everywhere(
    start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator(**LONG_LEASE)
    team = team_of(operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_, before = team.id("payments"), team.secret("payments")["token"]
    for after_s in KILLED_AFTER_S:
        killer = threading.Timer(after_s, operator.kill)
        killer.start()
        team.apply("payments", webhook={"token": {"rotateRequest": str(after_s), "overlap": "1h"}})
        killer.join()
        operator.start()
        eventually(
            "the rotation",
            lambda: team.status("payments").get("token", {}).get("observedRotateRequest"),
            str(after_s).__eq__,
        )
        token, hashes = team.secret("payments")["token"], [each.sha256 for each in team.existing_record(id_).tokens]
        assert hashes[0] == hash_secret(token) != hash_secret(before)
        assert hash_secret(before) in hashes
        before = token


def test_an_api_server_that_was_away_finds_the_operator_at_work(
    own_control_plane: LocalKube,
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    operator = start_operator(**LONG_LEASE)
    team = team_of(operator)
    team.apply("first")
    team.settled("first", "AwaitingFirstWebhook")
    token = team.secret("first")["token"]
    restart(own_control_plane)
    team.apply("second")
    team.settled("second", "AwaitingFirstWebhook")
    team.kubectl("delete", "secret", "first-webhook")
    eventually("a new token", lambda: team.secret("first").get("token") not in (None, token))
    assert operator.is_running()


def test_an_expired_token_is_read_again_by_every_watch(
    own_control_plane: LocalKube, own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    own_operator.kill()
    own_operator.settings |= LONG_LEASE
    release = own_operator.namespace
    own_control_plane.kubectl("-n", release, "delete", "lease", ACCOUNT)
    short = own_control_plane.mint_token(release, ACCOUNT, lifetime_s=SHORT_TOKEN_S)
    own_control_plane.write_token(release, ACCOUNT, short)
    own_operator.start()
    own_control_plane.write_token(release, ACCOUNT, own_control_plane.create_token(release, ACCOUNT))
    eventually("the first token is refused", lambda: is_refused(own_control_plane, short), timeout_s=60)
    restart(own_control_plane)  # watches that are open are never asked for their token again
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    team.kubectl("delete", "secret", "signing")
    team.settled("payments", "SigningSecretMissing")
    assert own_operator.is_running()


def is_refused(control_plane: LocalKube, token: str) -> bool:
    request = urllib.request.Request(f"{control_plane.server}/api", headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - our own API server
    trust = ssl.create_default_context(cafile=str(control_plane.ca_file))
    try:
        with urllib.request.urlopen(request, timeout=5, context=trust):  # noqa: S310 - our own API server
            return False
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 401


def test_only_the_watched_namespaces_are_served_and_the_others_are_left_alone(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    watched, other = team_of(own_operator), team_of(own_operator)
    other.apply("earlier")
    other.settled("earlier", "AwaitingFirstWebhook")
    own_operator.stop()
    own_operator.settings["NOCTUARY_WATCH_NAMESPACES"] = watched.namespace
    own_operator.start()
    other.apply("later")
    watched.apply("payments")
    watched.settled("payments", "AwaitingFirstWebhook")
    id_, token = watched.id("payments"), watched.secret("payments")["token"]
    watched.kubectl("delete", "secret", "payments-webhook")
    eventually("a new token", lambda: watched.secret("payments").get("token") not in (None, token))
    watched.kubectl("delete", "pdi", "payments")
    eventually("the record is gone", lambda: watched.record(id_) is None)
    assert (other.status("later"), other.secret("later")) == ({}, {})
    assert other.record(other.id("earlier")) is not None
