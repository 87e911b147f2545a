"""The example's overlay under kubectl: what is applied again differs in nothing."""

from pathlib import Path

import pytest

from testbed.argocd.team import Team

WAYS = {"server": ("--server-side",), "client": ()}


@pytest.fixture
def overlay(team: Team) -> str:
    """The overlay, for the team's namespace."""
    team.repository.replace(team.overlay, "namespace: payments", f"namespace: {team.namespace}")
    return str(Path(team.repository.directory, team.overlay).parent)


@pytest.mark.parametrize("way", WAYS)
def test_kubectl_applies_again_without_a_difference(team: Team, overlay: str, way: str) -> None:
    team.cluster.kubectl("apply", *WAYS[way], "-k", overlay)
    team.subscribe()
    team.kubectl("wait", "--for=condition=Ready", "pdi/payments", "--timeout=90s")
    before = team.get("pdi", "payments")
    assert team.cluster.kubectl("diff", *WAYS[way], "-k", overlay) == ""
    team.cluster.kubectl("apply", *WAYS[way], "-k", overlay)
    assert team.get("pdi", "payments") == before
