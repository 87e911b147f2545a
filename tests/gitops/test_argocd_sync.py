"""A real Argo CD brings our resources from git to a real API server and leaves no difference behind."""

from typing import Any


def test_the_example_is_synced_and_healthy(team: Any, eventually: Any) -> None:
    team.deploy()
    eventually("healthy", lambda: team.application.health() == "Healthy", team.application.status)
    assert {each.sync for each in team.application.resources().values()} == {"Synced"}
    assert team.token()
