"""An operator that may see some namespaces and nothing cluster-wide: Roles only, as the chart renders them."""

import secrets
from collections.abc import Iterator

import pytest

from testbed.localkube import Cluster, grant
from testbed.log_lines import forbidden_lines
from testbed.operating.team import StartOperator, Team, TeamOf
from testbed.polling import eventually

POLLED_S = 60.0
"""A Namespace is asked for every ten seconds; a slow machine may take its time."""
CLOSED = "namespace {} cannot be read: it does not exist, or this release's Role or RoleBinding is missing there"


@pytest.fixture
def names(cluster: Cluster) -> Iterator[list[str]]:
    """Two namespaces, which no release watches yet."""
    made = [f"watched-{secrets.token_hex(4)}" for _ in range(2)]
    for name in made:
        cluster.kubectl("create", "namespace", name)
    yield made
    cluster.kubectl("delete", "namespace", *made, "--wait=false", "--ignore-not-found")


@pytest.fixture
def missing(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace that does not exist yet."""
    name = f"later-{secrets.token_hex(4)}"
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def serve(team: Team) -> None:
    """Declare one integration and wait until only its first webhook is missing."""
    team.apply("payments")
    team.settled("payments", "AwaitingFirstWebhook")


def test_integrations_of_watched_namespaces_live_and_die_without_a_cluster_wide_right(
    names: list[str], start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator(watched=names)
    one, two, elsewhere = team_of(operator, names[0]), team_of(operator, names[1]), team_of(operator)
    for team in (elsewhere, one, two):
        team.apply("payments", webhook={"route": {"type": "Ingress", "ingressClassName": "nginx"}})
    for team in (one, two):
        team.settled("payments", "RouteNotAdmitted")
    token, id_ = one.secret("payments")["token"], one.id("payments")
    one.kubectl("delete", "secret", "payments-webhook")
    eventually("a new token", lambda: one.secret("payments").get("token") not in (None, token))
    one.kubectl("delete", "pdi", "payments")
    eventually("nothing is left", lambda: one.record(id_) is None and one.ingress(id_) is None)
    assert (elsewhere.status("payments"), elsewhere.secret("payments")) == ({}, {})
    assert operator.fetch("/healthz") == "ok"
    assert forbidden_lines(operator.log) == []


def test_a_consent_is_seen_in_a_watched_namespace_and_refused_for_any_other(
    names: list[str], start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator(watched=names)
    team, mapped = team_of(operator, names[0]), names[1]
    team.apply("payments", services=[{"name": "shop", "namespaces": [mapped]}])
    assert "noctuary.io/allow-from" in team.settled("payments", "ConsentMissing")["message"]
    team.kubectl("annotate", "namespace", mapped, f"noctuary.io/allow-from={team.namespace}")
    eventually(
        "the consent is seen", lambda: team.condition("payments")["reason"] != "ConsentMissing", timeout_s=POLLED_S
    )
    assert team.existing_record(team.id("payments")).services[0].namespaces == [mapped]
    team.apply("payments", services=[{"name": "shop", "namespaces": ["default"]}])
    message = team.settled("payments", "ConsentMissing")["message"]
    assert "default is not watched by this release" in message
    assert "watchNamespaces" in message
    assert forbidden_lines(operator.log) == []


def test_what_nobody_watches_is_not_mapped_even_where_no_consent_is_asked_for(
    names: list[str], start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator(watched=names, NOCTUARY_CONSENT_REQUIRED="false")
    team = team_of(operator, names[0])
    team.apply("payments", services=[{"name": "shop", "namespaces": [names[1], "default"]}])
    assert "default is not watched by this release" in team.settled("payments", "ConsentMissing")["message"]
    assert team.existing_record(team.id("payments")).services[0].namespaces == [names[1]]


def test_a_namespace_that_is_not_there_yet_is_named_and_served_once_it_comes(
    cluster: Cluster,
    names: list[str],
    missing: str,
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    served = names[0]
    operator = start_operator(watched=[served], NOCTUARY_WATCH_NAMESPACES=f"{missing},{served}")
    early = team_of(operator, served)
    serve(early)
    assert operator.fetch("/healthz").splitlines() == ["ok", CLOSED.format(missing)]
    assert f'namespace_served{{watched_namespace="{missing}"}} 0.0' in operator.fetch("/metrics")
    cluster.kubectl("create", "namespace", missing)
    grant(cluster, operator.namespace, watched=[missing], token_file=True)
    late = team_of(operator, missing)
    late.apply("payments")
    eventually(
        "it is served", lambda: late.condition("payments").get("reason") == "AwaitingFirstWebhook", timeout_s=POLLED_S
    )
    eventually("it is said", lambda: operator.fetch("/healthz") == "ok", timeout_s=POLLED_S)
    assert operator.log.read_text().count("Watched namespace cannot be read") == 1


def test_a_release_that_finds_none_of_its_namespaces_waits_in_good_health(
    missing: str, start_operator: StartOperator, cluster: Cluster
) -> None:
    operator = start_operator(NOCTUARY_WATCH_NAMESPACES=missing, watched=[])
    cluster.kubectl("delete", "clusterrolebinding", f"noctuary-operator-{operator.namespace}")
    operator.stop()
    operator.start()
    eventually("it is said", lambda: operator.fetch("/healthz").splitlines() == ["ok", CLOSED.format(missing)])
    assert cluster.kubectl("-n", operator.namespace, "get", "secret", "noctuary-internal", "-o", "name")


def test_a_role_that_comes_back_finds_the_same_token(
    cluster: Cluster,
    names: list[str],
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    operator = start_operator(watched=names)
    team = team_of(operator, names[0])
    serve(team)
    before = team.secret("payments")
    operator.stop()
    team.kubectl("delete", "rolebinding", f"noctuary-operator-{operator.namespace}")
    operator.start()
    team.apply("payments", webhook={"host": "new.allowed.example.com"})
    eventually("it is said", lambda: CLOSED.format(names[0]) in operator.fetch("/healthz"))
    grant(cluster, operator.namespace, watched=names, token_file=True)
    eventually("it is served again", lambda: "new.allowed" in team.secret("payments")["url"], timeout_s=POLLED_S)
    assert team.secret("payments")["token"] == before["token"]


def test_a_namespace_that_goes_with_its_role_leaves_nothing_in_the_release(
    cluster: Cluster,
    names: list[str],
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    operator = start_operator(watched=names)
    team = team_of(operator, names[0])
    serve(team)
    id_ = team.id("payments")
    cluster.kubectl("delete", "namespace", team.namespace, "--wait=false")
    eventually("the record is gone", lambda: team.record(id_) is None, timeout_s=POLLED_S)


def test_what_belongs_to_a_namespace_that_is_not_watched_any_more_is_left_alone_in_silence(
    names: list[str], start_operator: StartOperator, team_of: TeamOf
) -> None:
    operator = start_operator(watched=names, NOCTUARY_SWEEP_INTERVAL_S="0.2")
    team, other = team_of(operator, names[0]), team_of(operator, names[1])
    serve(team)
    operator.stop()
    operator.settings["NOCTUARY_WATCH_NAMESPACES"] = names[1]
    operator.start()
    serve(other)  # several sweeps later
    assert team.record(team.id("payments")) is not None
    assert forbidden_lines(operator.log) == []


def test_what_went_in_a_closed_namespace_is_kept_in_silence_and_cleaned_up_once_it_opens(
    cluster: Cluster,
    names: list[str],
    start_operator: StartOperator,
    team_of: TeamOf,
) -> None:
    operator = start_operator(watched=names, NOCTUARY_SWEEP_INTERVAL_S="0.2")
    closed, open_ = team_of(operator, names[0]), team_of(operator, names[1])
    for team in (closed, open_):
        serve(team)
    kept, swept = closed.id("payments"), open_.id("payments")
    operator.stop()
    closed.kubectl("delete", "rolebinding", f"noctuary-operator-{operator.namespace}")
    for team in (closed, open_):
        team.kubectl("delete", "pdi", "payments")
    operator.start()
    eventually("the open one is cleaned up", lambda: open_.record(swept) is None)
    assert closed.record(kept) is not None
    grant(cluster, operator.namespace, watched=names, token_file=True)
    eventually("the other is cleaned up, too", lambda: closed.record(kept) is None, timeout_s=POLLED_S)
    assert "Reconcile failed" not in operator.log.read_text()
