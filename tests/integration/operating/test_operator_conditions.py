"""What only the user can fix: said in words, without hot retry, healed without being asked."""

import pytest

from testbed.operating.team import OperatorProcess, Team, TeamOf
from testbed.polling import eventually

INGRESS = {"type": "Ingress"}
APP = {"matchLabels": {"app": "api"}}


def test_a_manual_integration_waits_for_its_signing_secret_and_goes_on_when_it_comes(team: Team) -> None:
    team.kubectl("delete", "secret", "signing")
    team.apply("payments")
    waiting = team.settled("payments", "SigningSecretMissing")
    assert waiting["status"] == "False"
    assert "Secret signing does not exist" in waiting["message"]
    assert "payments-webhook" in waiting["message"]
    team.store("signing", secret="s3cr3t")
    assert team.settled("payments", "AwaitingFirstWebhook")["status"] == "True"
    assert team.secret("payments")["signingSecret"] == "s3cr3t"


def test_a_reference_to_the_secret_that_we_make_is_refused_in_words(team: Team) -> None:
    ref = {"name": "payments-webhook", "key": "signingSecret"}
    team.apply("payments", webhook={"subscription": {"signingSecretRef": ref}})
    said = team.settled("payments", "SigningSecretMissing")["message"]
    assert "Secret payments-webhook is the one in which Noctuary keeps the webhook URL; name another" in said


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"other": "x"}, "Secret pagerduty has no key token"),
        ({"token": " \n"}, "key token of Secret pagerduty is empty"),
    ],
)
def test_an_api_token_that_cannot_be_used_is_said_in_words_and_heals(
    team: Team, values: dict[str, str], words: str
) -> None:
    team.store("pagerduty", **values)
    team.apply("payments")
    assert words in team.settled("payments", "ApiTokenMissing", "OutboundReady")["message"]
    assert team.condition("payments")["reason"] == "ApiTokenMissing"
    team.store("pagerduty", token="u+good\n")
    team.settled("payments", "ApiTokenLoaded", "OutboundReady")
    assert team.existing_record(team.id("payments")).api_token == "u+good"


def test_a_changed_api_token_reaches_the_record(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    team.store("pagerduty", token="u+second")
    id_ = team.id("payments")
    eventually("the new token", lambda: team.existing_record(id_).api_token == "u+second")


def test_a_host_that_is_not_allowed_gets_no_route_until_the_spec_changes(team: Team) -> None:
    team.apply("payments", webhook={"host": "evil.example.org", "route": INGRESS})
    said = team.settled("payments", "HostNotAllowed", "RouteReady")
    assert said["status"] == "False"
    assert "spec.webhook.host: evil.example.org" in said["message"]
    assert team.ingress(team.id("payments")) is None
    team.apply("payments", webhook={"host": "eu.allowed.example.com", "route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")
    assert team.ingress(team.id("payments")) is not None


def test_an_annotation_that_is_not_allowed_is_named(team: Team) -> None:
    annotations = {"nginx.ingress.kubernetes.io/server-snippet": "x", "example.com/ok": "y"}
    team.apply("payments", webhook={"route": {**INGRESS, "annotations": annotations}})
    said = team.settled("payments", "AnnotationNotAllowed", "RouteReady")
    assert "server-snippet" in said["message"]
    assert "example.com/ok" not in said["message"]
    assert team.ingress(team.id("payments")) is None


@pytest.mark.parametrize(
    "url", ["https://evil.example.org", "http://api.pagerduty.com", "https://api.pagerduty.com.evil.org"]
)
def test_an_api_token_is_not_sent_to_a_strange_host_or_in_plain_http(team: Team, url: str) -> None:
    team.apply("payments", apiURL=url)
    assert "spec.apiURL" in team.settled("payments", "ApiHostNotAllowed", "OutboundReady")["message"]
    record = team.existing_record(team.id("payments"))
    assert (record.api_token, record.api_url) == (None, "https://api.pagerduty.com")


def test_a_foreign_namespace_is_left_out_until_it_consents_and_again_when_it_takes_that_back(
    team: Team, operator: OperatorProcess, team_of: TeamOf
) -> None:
    other = team_of(operator).namespace
    team.apply("payments", services=[{"name": "api", "namespaces": [team.namespace, other]}])
    said = team.settled("payments", "ConsentMissing")
    assert f"noctuary.io/allow-from={team.namespace}" in said["message"]
    id_ = team.id("payments")
    assert team.existing_record(id_).services[0].namespaces == [team.namespace]
    team.cluster.kubectl("annotate", "namespace", other, f"noctuary.io/allow-from=x, {team.namespace}")
    team.settled("payments", "AwaitingFirstWebhook")
    assert team.existing_record(id_).services[0].namespaces == [team.namespace, other]
    team.cluster.kubectl("annotate", "namespace", other, "noctuary.io/allow-from-")
    team.settled("payments", "ConsentMissing")
    assert team.existing_record(id_).services[0].namespaces == [team.namespace]
    assert team.existing_record(id_).services[0].closed == {other: "no consent"}


def test_a_strangers_secret_of_the_needed_name_is_left_alone(team: Team) -> None:
    team.store("payments-webhook", mine="1")
    team.apply("payments")
    assert team.settled("payments", "SecretNameTaken", "TokenReady")["status"] == "False"
    assert team.secret("payments") == {"mine": "1"}
    team.kubectl("delete", "secret", "payments-webhook")
    team.settled("payments", "AwaitingFirstWebhook")


def test_a_refused_ingress_is_a_condition_and_heals(team: Team) -> None:
    team.apply("payments", webhook={"route": {**INGRESS, "annotations": {"example.com/UPPER_/bad": "x"}}})
    said = team.settled("payments", "RouteRefused", "RouteReady")
    assert "spec.webhook.route" in said["message"]
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "RouteNotAdmitted")


def test_suspend_is_told_to_the_receiver_and_shown(team: Team) -> None:
    team.apply("payments", suspend=True)
    assert team.settled("payments", "Suspended")["status"] == "True"
    assert team.existing_record(team.id("payments")).suspend
    team.apply("payments", suspend=False)
    team.settled("payments", "AwaitingFirstWebhook")
    record = team.existing_record(team.id("payments"))
    (suspension,) = record.suspensions
    assert not record.suspend
    assert suspension.ended_at is not None
    assert suspension.began_at < suspension.ended_at


def test_only_a_change_of_status_moves_the_transition_time(team: Team) -> None:
    team.apply("payments")
    first = team.settled("payments", "AwaitingFirstWebhook")
    team.apply("payments", displayName="Payments")
    second = eventually("a new generation", lambda: team.condition("payments") or None)
    assert second["observedGeneration"] == first["observedGeneration"] + 1
    assert second["lastTransitionTime"] == first["lastTransitionTime"]


def test_reaching_ready_is_a_normal_event(team: Team) -> None:
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")
    eventually("the event", lambda: team.events("payments") == ["Ready"])
    assert team.event_types("payments") == {"Normal"}


def test_the_first_step_of_the_set_up_is_no_warning(team: Team) -> None:
    team.kubectl("delete", "secret", "signing")
    team.apply("payments")
    team.settled("payments", "SigningSecretMissing")
    eventually("the event", lambda: team.events("payments") == ["SigningSecretMissing"])
    assert team.event_types("payments") == {"Normal"}


def test_ready_counts_the_other_problems(team: Team) -> None:
    team.kubectl("delete", "secret", "pagerduty", "signing")
    team.apply("payments", services=[{"name": "api", "selector": APP, "namespaces": ["nowhere"]}])
    said = team.settled("payments", "SigningSecretMissing")["message"]
    assert said.endswith("; and 2 other problems: ApiTokenMissing, NamespaceMissing")


def test_a_namespace_that_does_not_exist_is_not_one_that_has_not_consented(team: Team) -> None:
    name = f"{team.namespace}-other"
    team.apply("payments", services=[{"name": "api", "selector": APP, "namespaces": [name]}])
    assert f"{name} does not exist" in team.settled("payments", "NamespaceMissing")["message"]
    team.cluster.kubectl("create", "namespace", name)
    assert "has not consented" in team.settled("payments", "ConsentMissing")["message"]
    team.cluster.kubectl("annotate", "namespace", name, f"noctuary.io/allow-from={team.namespace}")
    team.settled("payments", "AwaitingFirstWebhook")
    team.cluster.kubectl("delete", "namespace", name, "--wait=false")


def test_a_problem_makes_one_event_when_it_appears_and_one_when_it_is_over(team: Team) -> None:
    team.kubectl("delete", "secret", "pagerduty")
    team.apply("payments")
    team.settled("payments", "ApiTokenMissing")
    team.store("unrelated", x="1")
    team.apply("payments", displayName="changed meanwhile")
    team.settled("payments", "ApiTokenMissing")
    team.store("pagerduty", token="t")
    team.settled("payments", "AwaitingFirstWebhook")
    eventually("all events", lambda: team.events("payments") == ["ApiTokenMissing", "Healed", "Ready"])


def test_the_columns_say_what_matters(team: Team) -> None:
    scope = {"scope": {"type": "service", "id": "PABC123"}}
    team.apply("payments", displayName="Payments on-call", webhook={"subscription": scope})
    team.settled("payments", "AwaitingFirstWebhook")
    header, row = team.kubectl("get", "noctuary").splitlines()[:2]
    assert header.split() == ["NAME", "READY", "REASON", "SCOPE", "SCOPE", "ID", "LAST", "WEBHOOK", "AGE"]
    assert row.split()[:5] == ["payments", "True", "AwaitingFirstWebhook", "service", "PABC123"]
    assert "Payments on-call" in team.kubectl("get", "pdi", "-o", "wide")
