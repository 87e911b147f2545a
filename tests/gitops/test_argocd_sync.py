"""A real Argo CD brings our resources from git to a real API server and leaves no difference behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from testbed.argocd.team import Team
from testbed.polling import eventually

DEFAULTED = """\
  enrichment: {minimumConfidence: 0.50}
  suspend: false
  region: us
"""
STEP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: afterwards
  annotations: {argocd.argoproj.io/sync-wave: "2"}
"""
TRACKING_MARKS = {"argocd.argoproj.io/tracking-id", "app.kubernetes.io/instance"}


def marks(manifest: dict[str, Any]) -> set[str]:
    metadata = manifest["metadata"]
    return TRACKING_MARKS & {*metadata.get("labels", {}), *metadata.get("annotations", {})}


def test_the_example_is_synced_and_healthy(team: Team, applied: str) -> None:
    team.deploy()
    eventually("healthy", lambda: team.application.health() == "Healthy", show=team.application.status)
    assert {each.sync for each in team.application.resources().values()} == {"Synced"}
    assert team.token()


def test_what_the_operator_and_the_schema_fill_in_is_no_difference(team: Team, applied: str) -> None:
    team.edit("spec:\n", f"spec:\n{DEFAULTED}")
    team.deploy()
    eventually("healthy", lambda: team.health() == "Healthy", show=team.application.status)
    team.application.refresh("hard")
    eventually("compared anew", team.application.is_refreshed)
    assert team.application.status()["sync"]["status"] == "Synced"
    assert team.application.syncs() == 1


def test_a_plain_directory_is_synced_like_an_overlay(team: Team) -> None:
    rendered = team.kubectl("kustomize", str(Path(team.repository.directory, "noctuary/overlays/production")))
    team.repository.write("plain/all.yaml", rendered.replace("name: payments\n", f"name: {team.namespace}\n", 1))
    team.repository.replace("plain/all.yaml", "namespace: payments", f"namespace: {team.namespace}")
    source = team.manifest["spec"]["source"]
    del source["kustomize"]
    source["path"] = "plain"
    team.deploy()
    eventually("healthy", lambda: team.application.health() == "Healthy", show=team.application.status)
    assert team.application.status()["sourceType"] == "Directory"


def test_a_later_wave_waits_until_the_integration_is_healthy(team: Team) -> None:
    team.repository.write("noctuary/base/step.yaml", STEP)
    team.repository.replace("noctuary/base/kustomization.yaml", "integration.yaml]", "integration.yaml, step.yaml]")
    revision = team.repository.commit("Add a step that needs the integration")
    team.application.apply()
    awaited = "waiting for healthy state of noctuary.io/PagerDutyIntegration/payments"
    eventually("the wait", lambda: awaited in team.application.operation()[1], show=team.application.status)
    assert not team.get("configmap", "afterwards")
    team.subscribe()
    team.synced(revision)
    assert team.get("configmap", "afterwards")


def test_what_the_operator_makes_belongs_to_the_integration_and_not_to_git(team: Team) -> None:
    team.deploy()
    eventually("healthy", lambda: team.application.health() == "Healthy", show=team.application.status)
    shown = [node for node in team.application.tree() if node.parents]
    assert [(node.kind, node.name, node.parents) for node in shown] == [("Secret", "payments-webhook", ("payments",))]
    declared = {f"Namespace/{team.namespace}", "Secret/pagerduty-api", "PagerDutyIntegration/payments"}
    assert set(team.application.resources()) == declared


def test_what_the_operator_makes_carries_no_tracking_mark(team: Team, tracked_by: Callable[[str | None], None]) -> None:
    tracked_by("annotation+label")
    team.deploy()
    traces = [each.split("/") for each in team.traces(team.id())]
    made = [team.get(kind, name, team.release) for kind, name in traces]
    made.append(team.get("secret", "payments-webhook"))
    assert len(made) == 3
    assert marks(team.get("pdi", "payments")) == TRACKING_MARKS
    assert [marks(each) for each in made] == [set(), set(), set()]
