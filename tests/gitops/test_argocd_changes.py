"""What commits, reverts, hands and deletions do to an integration that Argo CD keeps."""

import pytest

from testbed.argocd.team import Team
from testbed.polling import eventually

REQUEST = 'rotateRequest: "2026-01"'
ROTATION = 'rotateRequest: "2026-02"'


@pytest.fixture
def deployed(team: Team) -> Team:
    """The example, synced and healthy."""
    team.deploy()
    eventually("healthy", lambda: team.health() == "Healthy", show=team.application.status)
    return team


def serial(team: Team) -> int:
    return int(team.get("pdi", "payments")["status"]["token"]["serial"])


def test_a_commit_rotates_the_token_and_its_revert_rotates_it_again(deployed: Team) -> None:
    tokens = [deployed.token()]
    deployed.edit(REQUEST, ROTATION)
    deployed.push("Rotate the token of payments")
    tokens.append(eventually("a second token", deployed.token, lambda token: token not in ["", *tokens]))
    deployed.synced(deployed.repository.revert())
    eventually("a third token", lambda: deployed.token() not in tokens)
    eventually("the status", lambda: serial(deployed) == 3)
    eventually("healthy", lambda: deployed.health() == "Healthy", show=deployed.application.status)


def test_the_revert_of_a_first_request_changes_no_url(team: Team) -> None:
    team.edit(REQUEST, "overlap: 5m")
    team.deploy()
    first = team.token()
    team.edit("overlap: 5m", f"overlap: 5m\n      {ROTATION}")
    team.push("Rotate the token of payments")
    rotated = eventually("a second token", team.token, lambda token: token not in ("", first))
    team.synced(team.repository.revert())
    eventually(
        "the revert was seen", lambda: "observedRotateRequest" not in team.get("pdi", "payments")["status"]["token"]
    )
    assert team.token() == rotated


def test_a_hand_edit_is_undone(deployed: Team) -> None:
    edit = '{"spec": {"webhook": {"host": "elsewhere.example.com"}}}'
    deployed.kubectl("patch", "pdi", "payments", "--type=merge", "-p", edit)

    def undone() -> bool:
        spec = deployed.get("pdi", "payments")["spec"]
        return bool(spec["webhook"]["host"] == "noctuary.example.com")

    eventually("the host of Git", undone, show=deployed.application.status)


def test_an_integration_removed_from_git_goes_with_all_that_was_made_for_it(deployed: Team) -> None:
    key = deployed.id()
    assert len(deployed.traces(key)) == 2
    deployed.repository.replace("noctuary/base/kustomization.yaml", ", integration.yaml]", "]")
    overlay = deployed.repository.directory / deployed.overlay
    overlay.write_text(overlay.read_text().partition("patches:")[0])
    deployed.push("Disconnect payments from PagerDuty")
    eventually("no integration", lambda: not deployed.get("pdi", "payments"))
    eventually("no webhook Secret", lambda: not deployed.get("secret", "payments-webhook"))
    eventually("no record and no Ingress", lambda: not deployed.traces(key))
    assert deployed.get("secret", "pagerduty-api")


def test_deleting_the_application_leaves_nothing_anywhere(deployed: Team) -> None:
    key = deployed.id()
    deployed.application.delete()
    assert not deployed.get("namespace", deployed.namespace)
    eventually("no record and no Ingress", lambda: not deployed.traces(key))
