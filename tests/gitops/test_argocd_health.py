"""What Argo CD thinks of an integration, by our Lua check in its settings."""

from testbed.argocd.team import Team
from testbed.polling import eventually


def test_an_integration_is_progressing_until_its_subscription_is_made(team: Team) -> None:
    revision = team.repository.commit("Connect payments with PagerDuty")
    team.application.apply()
    eventually("progressing", lambda: team.health() == "Progressing", show=team.application.status)
    team.synced(revision)
    team.subscribe()
    eventually("healthy", lambda: team.health() == "Healthy", show=team.application.status)


def test_an_integration_whose_api_token_is_not_there_is_degraded_until_it_is(team: Team) -> None:
    team.edit("name: pagerduty-api, key: token", "name: pagerduty-api, key: wrong")
    team.deploy()
    eventually("degraded", lambda: team.health() == "Degraded", show=team.application.status)
    assert team.application.health() == "Degraded"
    team.edit("name: pagerduty-api, key: wrong", "name: pagerduty-api, key: token")
    team.push("Name the right key")
    eventually("healthy", lambda: team.health() == "Healthy", show=team.application.status)


def test_a_suspended_integration_is_suspended_until_the_commit_is_reverted(team: Team) -> None:
    team.deploy()
    eventually("healthy", lambda: team.health() == "Healthy", show=team.application.status)
    team.edit("spec:\n", "spec:\n  suspend: true\n")
    team.push("Suspend payments")
    eventually("suspended", lambda: team.health() == "Suspended", show=team.application.status)
    team.synced(team.repository.revert())
    eventually("healthy again", lambda: team.health() == "Healthy", show=team.application.status)
