"""What the operator refuses of one team: what is too heavy, was made for others, or no header can carry."""

import base64
import json
import re
from typing import Any

import pytest

from testbed import manifests
from testbed.operating.team import SPEC, Team, merged


def labelled(name: str, role: str, value: str) -> str:
    """Return a Secret that carries our label and was not made by us."""
    metadata = {"name": name, "labels": {"noctuary.io/role": role}}
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"value": value}})


def heavy_services() -> list[dict[str, Any]]:
    """Services within the schema's bounds that weigh 700 KB."""
    return [{"name": f"s{n}", "dependsOn": [f"{m:03}".ljust(253, "d") for m in range(50)]} for n in range(50)]


def test_a_spec_that_is_too_heavy_says_so_and_leaves_what_stands(team: Team) -> None:
    team.apply("payments", services=[{"name": "api"}])
    team.settled("payments", "AwaitingFirstWebhook")
    id_ = team.id("payments")
    before = (team.secret("payments"), team.existing_record(id_))
    patch = json.dumps({"spec": {"services": heavy_services()}})
    team.kubectl("patch", "pdi", "payments", "--type=merge", "--patch-file=/dev/stdin", input=patch)
    said = team.settled("payments", "SpecTooLarge")
    assert re.search(r"weighs \d{6} bytes as JSON, more than the 65536", said["message"])
    assert (team.secret("payments"), team.existing_record(id_)) == before
    team.apply("payments", services=[{"name": "shop"}])
    team.settled("payments", "AwaitingFirstWebhook")
    assert [service.name for service in team.existing_record(id_).services] == ["shop"]


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
    labels = {"noctuary.io/role": "webhook-secret", "noctuary.io/integration-id": team.id("other")}
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
    assert team.existing_record(team.id("payments")).api_token is None
    assert team.secret("other") == before


@pytest.mark.parametrize("token", ["u+t\u00f6ken", "\ufeffu+token", "x" * 5000])
def test_an_api_token_that_no_header_can_carry_is_in_no_record(team: Team, token: str) -> None:
    team.store("pagerduty", token=token)
    team.apply("payments")
    said = team.settled("payments", "ApiTokenUnusable", "OutboundReady")
    assert "spec.apiTokenSecretRef: key token of Secret pagerduty" in said["message"]
    assert team.existing_record(team.id("payments")).api_token is None
    team.store("pagerduty", token="u+good")
    team.settled("payments", "ApiTokenLoaded", "OutboundReady")


def test_a_from_that_no_header_can_carry_is_named(team: Team) -> None:
    team.apply("payments", **{"from": "b\u00f6t@example.com"})
    assert "spec.from: " in team.settled("payments", "FromUnusable", "OutboundReady")["message"]
    record = team.existing_record(team.id("payments"))
    assert (record.from_email, record.api_token) == (None, None)


def test_a_signing_secret_that_pagerduty_never_made_is_named(team: Team) -> None:
    team.store("signing", secret="s\u2026cret")
    team.apply("payments")
    said = team.settled("payments", "SigningSecretUnusable", "SubscriptionReady")
    assert "spec.webhook.subscription.signingSecretRef: key secret of Secret signing" in said["message"]
    assert team.existing_record(team.id("payments")).signing_secrets == []


def test_what_opens_another_teams_door_is_not_taken_from_a_secret(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    copied = {key: team.secret("payments")[key] for key in ("token", "ingestKey")}
    heavy = manifests.integration("thief", team.namespace, merged(SPEC, {"services": heavy_services()}))
    team.kubectl("create", "-f", "-", input=json.dumps(heavy))
    team.settled("thief", "SpecTooLarge")  # nothing is made for it: there is time to write what will be read later
    team.store("thief-webhook", **copied)
    labels = [f"noctuary.io/integration-id={team.uid('thief')}", "noctuary.io/role=webhook-secret"]
    team.kubectl("label", "secret", "thief-webhook", *labels)
    spec = {"services": [{"name": "shop"}]}
    team.kubectl("patch", "pdi", "thief", "--type=merge", "--patch", json.dumps({"spec": spec}))
    team.settled("thief", "AwaitingFirstWebhook")
    made = team.secret("thief")
    assert made.keys() >= copied.keys()
    assert not set(made.values()) & set(copied.values())
