"""What one manifest becomes: the webhook Secret, the routing record, the Ingress, and how they are kept."""

from typing import Any

import pytest

from noctuary.models.routing_record import hash_secret
from testbed.operating.team import OperatorProcess, Team
from testbed.polling import eventually

INGRESS = {"type": "Ingress", "ingressClassName": "nginx", "tls": {"secretName": "cert"}}


def test_the_webhook_secret_holds_url_token_signing_secret_and_ingest_key(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    secret = team.secret("payments")
    assert secret.keys() == {"url", "token", "signingSecret", "ingestKey", "integrationID"}
    id_ = team.id("payments")
    assert secret["url"] == f"https://noctuary.example.com/webhooks/pagerduty/{id_}/{secret['token']}"
    assert secret["signingSecret"] == "canary-signing-secret"
    assert min(len(secret["token"]), len(secret["ingestKey"])) >= 43


def test_the_record_holds_hashes_of_what_opens_a_door_and_the_text_of_what_we_use(team: Team) -> None:
    team.apply("payments", **{"from": "bot@example.com", "services": [{"name": "api", "dependsOn": ["db"]}]})
    team.settled("payments", "AwaitingFirstWebhook")
    secret, record = team.secret("payments"), team.existing_record(team.id("payments"))
    assert [token.sha256 for token in record.tokens] == [hash_secret(secret["token"])]
    assert record.ingest_key_sha256 == hash_secret(secret["ingestKey"])
    assert record.signing_secrets[0].value == "canary-signing-secret"
    assert (record.api_token, record.from_email) == ("u+canary-api-token", "bot@example.com")
    assert record.services[0].namespaces == [team.namespace]
    assert (record.namespace, record.name, record.lookback_s) == (team.namespace, "payments", 3600)


def test_the_ingress_ends_before_the_token_and_leads_to_the_receiver(team: Team) -> None:
    team.apply("payments", webhook={"route": {**INGRESS, "annotations": {"example.com/size": "2m"}}})
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    ingress = team.existing_ingress(id_)
    rule = ingress["spec"]["rules"][0]
    path = rule["http"]["paths"][0]
    assert (rule["host"], path["path"], path["pathType"]) == (
        "noctuary.example.com",
        f"/webhooks/pagerduty/{id_}",
        "Prefix",
    )
    assert path["backend"]["service"] == {"name": "noctuary-receiver", "port": {"number": 8080}}
    assert ingress["spec"]["tls"] == [{"hosts": ["noctuary.example.com"], "secretName": "cert"}]
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["metadata"]["annotations"]["example.com/size"] == "2m"


def test_the_ingress_is_named_after_its_integration(team: Team) -> None:
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    assert team.existing_ingress(id_)["metadata"]["name"] == f"noctuary-{team.namespace}.payments-{id_}"


def test_children_carry_our_labels_and_none_of_the_integration(team: Team) -> None:
    team.apply("payments", webhook={"route": INGRESS})
    team.kubectl("label", "pdi", "payments", "argocd.argoproj.io/instance=app")
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    roles = {
        "webhook-secret": team.existing("secret", "payments-webhook"),
        "routing-record": team.existing("secret", f"noctuary-{id_}", team.release),
        "route": team.existing_ingress(id_),
    }
    for role, child in roles.items():
        assert child["metadata"]["labels"] == {
            "app.kubernetes.io/managed-by": "noctuary",
            "noctuary.io/role": role,
            "noctuary.io/integration-id": id_,
        }


def test_the_webhook_secret_belongs_to_the_integration_without_blocking_its_deletion(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    owner = team.existing("secret", "payments-webhook")["metadata"]["ownerReferences"]
    assert [(o["uid"], o["controller"], o["blockOwnerDeletion"]) for o in owner] == [
        (team.uid("payments"), True, False)
    ]


def test_an_outbound_integration_has_no_webhook_parts(team: Team) -> None:
    team.apply("notes", direction="outbound", webhook=None)
    team.settled("notes", "Active")
    assert team.secret("notes").keys() == {"ingestKey", "integrationID"}
    assert (team.existing_record(team.id("notes")).tokens, team.ingress(team.id("notes"))) == ([], None)
    assert [c["type"] for c in team.status("notes")["conditions"]] == ["Ready", "OutboundReady"]


def test_an_inbound_integration_needs_no_api_token_and_hands_none_over(team: Team) -> None:
    team.apply("pages", direction="inbound")
    team.settled("pages", "AwaitingFirstWebhook")
    assert team.existing_record(team.id("pages")).api_token is None
    assert team.condition("pages", "OutboundReady") == {}


def test_an_integration_gets_neither_finalizer_nor_annotation(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    metadata = team.existing("pdi", "payments")["metadata"]
    assert "finalizers" not in metadata
    assert set(metadata.get("annotations", {})) <= {"kubectl.kubernetes.io/last-applied-configuration"}


@pytest.mark.parametrize("key", ["token", "ingestKey"])
@pytest.mark.parametrize("change", ["edited", "removed"])
def test_a_token_or_key_changed_by_hand_is_replaced_by_a_new_one(team: Team, key: str, change: str) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    before = team.secret("payments")
    value = f'"{"aGFuZA=="}"' if change == "edited" else "null"
    team.kubectl("patch", "secret", "payments-webhook", "--type=merge", "-p", f'{{"data":{{"{key}":{value}}}}}')
    now = eventually(
        "a new value",
        lambda: team.secret("payments"),
        lambda found: found.get(key) not in (None, "hand", before[key]),
        timeout_s=5,
    )
    record = team.existing_record(team.id("payments"))
    assert hash_secret(now[key]) in (record.tokens[0].sha256, record.ingest_key_sha256)
    other = "ingestKey" if key == "token" else "token"
    assert now[other] == before[other]


@pytest.mark.parametrize("key", ["url", "signingSecret"])
@pytest.mark.parametrize("value", ['"aGFuZA=="', "null"])
def test_another_key_changed_by_hand_is_restored(team: Team, key: str, value: str) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    before = team.secret("payments")
    team.kubectl("patch", "secret", "payments-webhook", "--type=merge", "-p", f'{{"data":{{"{key}":{value}}}}}')
    eventually("the old value", lambda: team.secret("payments") == before)


def test_a_deleted_webhook_secret_comes_back_with_a_new_token(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    before = team.secret("payments")["token"]
    team.kubectl("delete", "secret", "payments-webhook")
    eventually("a new Secret", lambda: team.secret("payments").get("token") not in (None, before))


def test_a_webhook_secret_that_lost_its_labels_gets_them_back(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    before = team.secret("payments")
    team.kubectl("label", "secret", "payments-webhook", "noctuary.io/role-", "noctuary.io/integration-id-")
    eventually(
        "labels",
        lambda: len(team.existing("secret", "payments-webhook")["metadata"].get("labels", {})) == 3,
        timeout_s=5,
    )
    assert team.secret("payments") == before


def test_a_deleted_record_comes_back_and_the_url_stays(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_, before = team.id("payments"), team.secret("payments")
    team.cluster.kubectl("-n", team.release, "delete", "secret", f"noctuary-{id_}")
    record = eventually("the record", lambda: team.record(id_))
    assert (team.secret("payments"), record.tokens[0].sha256) == (before, hash_secret(before["token"]))


def test_an_edited_record_is_restored(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    id_ = team.id("payments")
    team.cluster.kubectl(
        "-n",
        team.release,
        "patch",
        "secret",
        f"noctuary-{id_}",
        "--type=merge",
        "-p",
        '{"data":{"record.json":"e30="}}',
    )
    eventually(
        "a record",
        lambda: (team.get("secret", f"noctuary-{id_}", team.release) or {})["data"]["record.json"] != "e30=",
        timeout_s=5,
    )
    assert team.existing_record(id_).name == "payments"


@pytest.mark.parametrize(
    "patch",
    ['{"spec":{"tls":null}}', '{"spec":{"ingressClassName":"other"}}', '{"metadata":{"labels":null}}'],
)
def test_an_ingress_edited_by_hand_is_restored(team: Team, patch: str) -> None:
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    before = team.existing_ingress(id_)
    team.cluster.kubectl(
        "-n", team.release, "patch", "ingress", before["metadata"]["name"], "--type=merge", "-p", patch
    )
    eventually("the old spec", lambda: _same(team.existing_ingress(id_), before))


def _same(now: dict[str, Any], before: dict[str, Any]) -> bool:
    return bool(now["spec"] == before["spec"] and now["metadata"].get("labels") == before["metadata"]["labels"])


def test_a_deleted_ingress_comes_back(team: Team) -> None:
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    team.cluster.kubectl("-n", team.release, "delete", "ingress", team.existing_ingress(id_)["metadata"]["name"])
    eventually("the Ingress", lambda: team.ingress(id_))


def test_what_is_removed_from_the_spec_is_removed_from_the_ingress(team: Team) -> None:
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    id_ = team.id("payments")
    team.apply("payments", webhook={"route": {"type": "Ingress"}})
    eventually("no certificate", lambda: "tls" not in team.existing_ingress(id_)["spec"])
    team.apply("payments", webhook={"route": {"type": "None"}})
    eventually("no Ingress", lambda: team.ingress(id_) is None)


def test_an_outbound_turn_takes_token_and_route_away(team: Team) -> None:
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    team.apply("payments", direction="outbound", webhook=None)
    team.settled("payments", "Active")
    assert team.secret("payments").keys() == {"ingestKey", "integrationID"}
    assert team.ingress(team.id("payments")) is None


def test_the_internal_token_is_made_and_comes_back(team: Team) -> None:
    before = eventually("the token", lambda: team.get("secret", "noctuary-internal", team.release))
    assert before["metadata"]["labels"]["noctuary.io/role"] == "internal-token"
    team.cluster.kubectl("-n", team.release, "delete", "secret", "noctuary-internal")
    after = eventually("a new token", lambda: team.get("secret", "noctuary-internal", team.release))
    assert after["data"]["token"] != before["data"]["token"]


def test_healthz_and_metrics_answer(operator: OperatorProcess) -> None:
    assert operator.fetch("/healthz") == "ok"
    assert "noctuary_operator_queue_depth" in operator.fetch("/metrics")
