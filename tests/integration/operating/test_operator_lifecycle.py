"""Deletion, restarts, kills and the Lease: each test has an operator of its own."""

import http.server
import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from noctuary.models.reports import IntegrationReport, Refusal, ReportPage
from noctuary.models.routing_record import hash_secret
from testbed.operating.team import OperatorProcess, StartOperator, Team, TeamOf
from testbed.polling import eventually

INGRESS = {"type": "Ingress"}


def nothing_left(team: Team, id_: str, name: str) -> bool:
    left = (team.record(id_), team.ingress(id_), team.get("secret", f"{name}-webhook"), team.get("pdi", name))
    return left == (None,) * 4


def test_deleting_an_integration_removes_everything_and_does_not_hang(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    team.kubectl("delete", "pdi", "payments", "--timeout=60s")
    eventually("record and route are gone", lambda: (team.record(id_), team.ingress(id_)) == (None, None))
    eventually("nothing is left", lambda: nothing_left(team, id_, "payments"), timeout_s=90)


def test_what_was_deleted_while_the_operator_was_down_is_removed_at_its_start(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("gone", webhook={"route": INGRESS})
    team.apply("stays", webhook={"route": INGRESS})
    team.settled("gone", "RouteNotAdmitted")
    team.settled("stays", "RouteNotAdmitted")
    gone, stays = team.id("gone"), team.id("stays")
    own_operator.stop()
    team.kubectl("delete", "pdi", "gone", "--timeout=60s")
    own_operator.start()
    eventually("record and route are gone", lambda: (team.record(gone), team.ingress(gone)) == (None, None))
    assert team.record(stays) is not None
    assert team.ingress(stays) is not None


def test_an_integration_made_anew_under_its_old_name_is_a_new_one(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    old_uid, old = team.id("payments"), team.secret("payments")
    own_operator.stop()
    team.kubectl("delete", "pdi", "payments")
    team.apply("payments")
    own_operator.start()
    team.settled("payments", "AwaitingFirstWebhook")
    eventually("the old record is gone", lambda: team.record(old_uid) is None)
    id_ = eventually("an id", lambda: team.id("payments"))
    new = eventually(
        "a new Secret", lambda: team.secret("payments"), lambda found: found.get("url") not in (None, old["url"])
    )
    assert id_ in new["url"]
    assert {new["token"], new["ingestKey"]}.isdisjoint({old["token"], old["ingestKey"]})
    assert team.existing_record(id_).tokens[0].sha256 == hash_secret(new["token"])


def test_a_namespace_goes_away_with_its_integrations(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    team = team_of(own_operator)
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    team.cluster.kubectl("delete", "namespace", team.namespace, "--timeout=60s")
    eventually("nothing is left", lambda: (team.record(id_), team.ingress(id_)) == (None, None))
    team.cluster.kubectl("create", "namespace", team.namespace)


def test_a_rotation_asked_for_while_the_operator_is_killed_happens_once(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    old = team.secret("payments")["token"]
    own_operator.kill()
    team.apply("payments", webhook={"token": {"rotateRequest": "a"}})
    own_operator.start()
    eventually("a new token", lambda: team.status("payments").get("token", {}).get("serial") == 2)
    record, now = team.existing_record(team.id("payments")), team.secret("payments")["token"]
    assert [token.sha256 for token in record.tokens] == [hash_secret(now), hash_secret(old)]


def test_a_crash_between_record_and_secret_gives_a_new_token_and_keeps_the_old_ones(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_, stale = team.id("payments"), team.existing("secret", "payments-webhook")
    team.apply("payments", webhook={"token": {"rotateRequest": "a"}})
    eventually("rotated", lambda: team.status("payments").get("token", {}).get("serial") == 2)
    own_operator.kill()
    patch = json.dumps({"data": stale["data"]})
    team.kubectl("patch", "secret", "payments-webhook", "--type=merge", "-p", patch)
    own_operator.start()
    eventually("rotated again", lambda: team.status("payments").get("token", {}).get("serial") == 3)
    tokens = team.existing_record(id_).tokens
    assert [token.serial for token in tokens] == [3, 2, 1]
    assert tokens[0].sha256 == hash_secret(team.secret("payments")["token"])


def test_a_second_operator_waits_until_the_first_ends(own_operator: OperatorProcess) -> None:
    def holder() -> str:
        return str(
            own_operator.cluster.kubectl(
                "-n",
                own_operator.namespace,
                "get",
                "lease",
                "noctuary-operator",
                "-o",
                "jsonpath={.spec.holderIdentity}",
            )
        )

    first = holder()
    assert first
    assert own_operator.stop() == 0
    assert holder() == ""
    own_operator.start()
    assert holder() not in ("", first)


def test_a_lost_lease_ends_the_work_until_it_is_held_again(own_operator: OperatorProcess, team_of: TeamOf) -> None:
    held = '"event": "Lease acquired"'
    before = own_operator.log.read_text().count(held)
    patch = '{"spec":{"holderIdentity":"another"}}'
    own_operator.cluster.kubectl(
        "-n", own_operator.namespace, "patch", "lease", "noctuary-operator", "--type=merge", "-p", patch
    )
    eventually("it says so", lambda: "the Lease was lost" in own_operator.log.read_text())
    eventually("it holds the Lease again", lambda: own_operator.log.read_text().count(held) > before)
    team = team_of(own_operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    assert own_operator.is_running()


class Receiver(http.server.ThreadingHTTPServer):
    """Answers as the receiver's internal port does, with what a test says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.reports: list[IntegrationReport] = []
        self.tokens: set[str] = set()


class _Door(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        self.server.tokens.add(self.headers["Authorization"].removeprefix("Bearer "))
        body = msgspec.json.encode(ReportPage("boot", len(self.server.reports), self.server.reports))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the standard library
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_proven_token_makes_the_subscription_active_for_good(
    receiver: Receiver,
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    operator = start_operator(
        NOCTUARY_RECEIVER_INTERNAL_URL=f"http://127.0.0.1:{receiver.server_port}", NOCTUARY_POLL_INTERVAL_S="0.2"
    )
    team = team_of(operator)
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "AwaitingFirstWebhook", "SubscriptionReady")
    id_, token = team.id("payments"), team.secret("payments")["token"]
    report = IntegrationReport(id_, proven_token_sha256=hash_secret(token), last_webhook_at=1_800_000_000.0)
    receiver.reports = [report]
    team.settled("payments", "Active", "SubscriptionReady")
    assert team.condition("payments", "RouteReady")["reason"] == "SignedRequestSeen"
    assert team.condition("payments")["status"] == "True"
    assert team.status("payments")["lastWebhookTime"] == "2027-01-15T08:00:00Z"
    receiver.reports = [msgspec.structs.replace(report, last_webhook_at=1_800_000_060.0)]
    operator.stop()
    receiver.reports = []
    operator.start()
    eventually("worked", lambda: operator.reconciles() >= 2)
    assert operator.writes() == {}
    assert len(receiver.tokens) == 1


def test_a_url_that_carried_a_webhook_is_not_given_up_for_that_of_a_secret_restored_later(
    receiver: Receiver,
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    operator = start_operator(
        NOCTUARY_RECEIVER_INTERNAL_URL=f"http://127.0.0.1:{receiver.server_port}", NOCTUARY_POLL_INTERVAL_S="0.2"
    )
    team = team_of(operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_, token = team.id("payments"), team.secret("payments")["token"]
    receiver.reports = [IntegrationReport(id_, proven_token_sha256=hash_secret(token))]
    team.settled("payments", "Active")
    backup = {"integrationID": str(uuid.UUID(int=0x5EED)), "token": "t" * 43, "ingestKey": "k" * 43}
    team.kubectl("patch", "secret", "payments-webhook", "--type=merge", "-p", json.dumps({"stringData": backup}))
    eventually("a new token", lambda: team.secret("payments")["token"] not in (token, backup["token"]))
    assert team.id("payments") == team.secret("payments")["integrationID"] == id_
    assert hash_secret(token) in {each.sha256 for each in team.existing_record(id_).tokens}


def test_a_newer_webhook_time_alone_waits_its_turn_and_is_not_lost(
    receiver: Receiver,
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    operator = start_operator(
        NOCTUARY_RECEIVER_INTERNAL_URL=f"http://127.0.0.1:{receiver.server_port}", NOCTUARY_POLL_INTERVAL_S="0.2"
    )
    team = team_of(operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_, writes, worked = team.id("payments"), operator.writes(), operator.reconciles()
    for number in (1, 2, 3):
        receiver.reports = [IntegrationReport(id_, last_webhook_at=1_800_000_000.0 + number)]
        eventually("a reconcile", operator.reconciles, (worked + number).__le__)
    assert (operator.writes(), "lastWebhookTime" in team.status("payments")) == (writes, False)
    operator.stop()
    operator.start()
    eventually("the time", lambda: team.status("payments").get("lastWebhookTime") == "2027-01-15T08:00:03Z")
    assert operator.writes() == {"PagerDutyIntegration status": 1}


@pytest.mark.parametrize(
    ("of", "reason"), [("token", "ApiTokenRefused"), ("from", "FromRefused"), ("url", "ApiUrlWrong")]
)
def test_what_pagerduty_refuses_is_said_until_it_is_mended(
    receiver: Receiver,
    start_operator: StartOperator,
    team_of: TeamOf,
    of: Any,
    reason: str,
) -> None:
    operator = start_operator(
        NOCTUARY_RECEIVER_INTERNAL_URL=f"http://127.0.0.1:{receiver.server_port}", NOCTUARY_POLL_INTERVAL_S="0.2"
    )
    team = team_of(operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_ = team.id("payments")
    receiver.reports = [IntegrationReport(id_, refusal=Refusal(of, "PagerDuty answered 40x: No; fix it"))]
    said = team.settled("payments", reason, "OutboundReady")
    assert (said["status"], said["message"]) == ("False", "PagerDuty answered 40x: No; fix it")
    assert team.condition("payments")["reason"] == reason
    operator.stop()
    receiver.reports = []
    operator.start()
    eventually("worked", lambda: operator.reconciles() >= 1)
    assert operator.writes() == {}
    receiver.reports = [IntegrationReport(id_)]
    team.settled("payments", "AwaitingFirstWebhook")
    eventually("all events", lambda: team.events("payments") == sorted([reason, "Healed", "Ready", "Ready"]))


def test_an_unreachable_receiver_is_logged_once_and_breaks_nothing(
    start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator(NOCTUARY_RECEIVER_INTERNAL_URL="http://127.0.0.1:9", NOCTUARY_POLL_INTERVAL_S="0.1")
    team = team_of(operator)
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    assert operator.log.read_text().count("ConnectError") == 1
