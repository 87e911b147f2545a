"""A backup that is restored keeps ids and URLs; what is deleted and made anew does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.localkube import LocalKube
from testbed.operating.backup import Backup
from testbed.operating.team import OperatorProcess, Team, TeamOf, running
from testbed.polling import eventually

CRD = Path(__file__).resolve().parents[4] / "crds" / "pagerdutyintegrations.noctuary.io.yaml"
INGRESS = {"type": "Ingress"}
ROTATIONS = {"TokenRotated", "IngestKeyRotated"}


def made(team: Team) -> dict[str, str]:
    team.apply("payments", webhook={"route": INGRESS})
    team.settled("payments", "AwaitingFirstWebhook", "SubscriptionReady")
    return team.secret("payments")


def delete(team: Team, integration_id: str) -> None:
    team.kubectl("delete", "pdi", "payments", "--timeout=60s")
    eventually("the record is gone", lambda: team.record(integration_id) is None)
    eventually("the Secret is gone", lambda: team.secret("payments") == {})


def restored(team: Team, id_: str) -> None:
    team.settled("payments", "AwaitingFirstWebhook", "SubscriptionReady")
    assert team.id("payments") == id_
    record, route = team.existing_record(id_), team.existing_ingress(id_)
    assert (record.namespace, record.name) == (team.namespace, "payments")
    assert route["spec"]["rules"][0]["http"]["paths"][0]["path"] == f"/webhooks/pagerduty/{id_}"
    eventually("the Event", lambda: "TokenAdopted" in team.events("payments"))
    assert not ROTATIONS & set(team.events("payments"))


def test_an_integration_that_is_deleted_and_made_anew_has_another_url_and_nobody_rotated(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    before = made(team)
    delete(team, before["integrationID"])
    after = made(team)
    assert {after[key] for key in ("url", "token", "ingestKey", "integrationID")}.isdisjoint(before.values())
    assert not ROTATIONS & set(team.events("payments"))


def test_an_integration_that_is_restored_from_a_backup_has_its_url(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    before = made(team)
    backup, uid = Backup.of(team), team.uid("payments")
    delete(team, before["integrationID"])
    team.kubectl("delete", "secrets", "--all")
    backup.restore(team)
    restored(team, before["integrationID"])
    assert team.secret("payments") == before
    assert team.uid("payments") != uid


@pytest.mark.parametrize("how", ["apply", "replace"])
def test_secrets_that_are_restored_after_their_integration_bring_its_url(
    own_operator: OperatorProcess, team_of: TeamOf, how: str
) -> None:
    team = team_of(own_operator)
    before = made(team)
    backup = Backup.of(team)
    delete(team, before["integrationID"])
    fresh = made(team)["integrationID"]
    backup.restore_over(team, how)
    eventually("the URL of before", lambda: team.id("payments") == before["integrationID"])
    restored(team, before["integrationID"])
    eventually("nothing is left", lambda: (team.record(fresh), team.ingress(fresh)) == (None, None))
    own_operator.stop()
    own_operator.start()
    eventually("worked", lambda: own_operator.reconciles() >= 1)
    assert (team.secret("payments"), team.id("payments")) == (before, before["integrationID"])


def test_a_backup_that_is_restored_at_once_in_any_order_brings_all_urls(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team, names = team_of(own_operator), [f"payments-{number}" for number in range(8)]
    for name in names:
        team.apply(name)
    before = {name: (team.settled(name, "AwaitingFirstWebhook"), team.secret(name))[1] for name in names}
    ids = {name: before[name]["integrationID"] for name in names}
    backup = Backup.of(team)
    team.kubectl("delete", "pdi", "--all")
    eventually("all are gone", lambda: not any(team.secret(name) or team.record(ids[name]) for name in names))
    backup.restore_at_once(team)
    eventually("their URLs", lambda: {name: team.id(name) for name in names} == ids)
    assert {name: team.secret(name) for name in names} == before
    assert not any(ROTATIONS & set(team.events(name)) for name in names)


def test_a_restore_that_keeps_the_old_owners_ends_in_a_new_url_and_no_event_of_a_rotation(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    before = made(team)
    backup = Backup.of(team)
    delete(team, before["integrationID"])
    team.kubectl("delete", "secrets", "--all")
    backup.restore(team, keeps=("ownerReferences",))
    eventually(
        "a URL of its own", lambda: team.secret("payments").get("url") not in (None, before["url"]), timeout_s=90
    )
    assert not ROTATIONS & set(team.events("payments"))


def test_who_deletes_an_integration_and_leaves_its_secret_gets_the_url_back(
    own_operator: OperatorProcess, team_of: TeamOf
) -> None:
    team = team_of(own_operator)
    before = made(team)
    team.kubectl("delete", "pdi", "payments", "--cascade=orphan")
    eventually("the record is gone", lambda: team.record(before["integrationID"]) is None)
    assert made(team) == before
    restored(team, before["integrationID"])


@pytest.fixture
def another_cluster(tmp_path: Path) -> Iterator[LocalKube]:
    """A second API server, with nothing but our CRD."""
    with LocalKube(tmp_path / "another", crds=[CRD]) as cluster:
        yield cluster


def of_a_release_without_ids(backup: Backup) -> Backup:
    """What a release backed up whose Secrets named the id in their label only."""
    for secret in backup.secrets:
        secret["data"].pop("integrationID", None)
    return backup


@pytest.mark.timeout(240)
@pytest.mark.parametrize("has_ids", [True, False])
def test_a_backup_that_is_restored_into_another_cluster_brings_the_urls(
    own_operator: OperatorProcess, team_of: TeamOf, another_cluster: LocalKube, tmp_path: Path, *, has_ids: bool
) -> None:
    team = team_of(own_operator)
    before = made(team)
    backup = Backup.of(team) if has_ids else of_a_release_without_ids(Backup.of(team))
    (tmp_path / "there").mkdir()
    another_cluster.kubectl("create", "namespace", team.namespace)
    with running(another_cluster, tmp_path / "there") as operator:
        there = Team(another_cluster, operator.namespace, team.namespace)
        backup.restore(there)
        restored(there, before["integrationID"])
        assert there.secret("payments") == before
