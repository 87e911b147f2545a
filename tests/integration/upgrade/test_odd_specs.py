"""Whatever an earlier release let people store: a later one writes its status, and the earlier one does after that."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed import manifests
from testbed.localkube import LocalKube
from testbed.operating.team import REPOSITORY, SPEC, OperatorProcess, Team, merged, running, temporary_namespace
from testbed.polling import eventually
from testbed.stage.earlier_release import EarlierRelease

CRDS = sorted((REPOSITORY / "crds").glob("*.yaml"))
LONG = "n" * 200
ODD: dict[str, dict[str, Any]] = {
    "shortest": {
        "apiURL": "http://a",
        "from": "a@b",
        "webhook": {"host": "a", "subscription": {"scope": {"type": "team", "id": "1"}}},
        "services": [{"name": "a", "pagerDutyServiceID": "1", "namespaces": ["a"]}],
    },
    "times": {
        "webhook": {"token": {"overlap": "00168h0m00000s", "rotationInterval": "99999h99999m"}},
        "enrichment": {"lookback": "86400s"},
    },
    "no-overlap": {
        "webhook": {"token": {"overlap": "0s", "rotationInterval": "9h"}},
        "enrichment": {"lookback": "0h1m"},
    },
    "gateways": {
        "webhook": {
            "route": {
                "type": "HTTPRoute",
                "parentRefs": [{"name": "Any Text!", "namespace": "9", "sectionName": "a.b-c"}],
            }
        }
    },
    "annotated": {"webhook": {"route": {"type": "Ingress", "annotations": {"not a key": "x" * 4096, "": ""}}}},
    "outbound": {"direction": "outbound"},
    "empty-selector": {"services": [{"name": "a", "selector": {}}, {"name": "b", "selector": {"matchLabels": {}}}]},
    "labels": {"services": [{"name": "a", "selector": {"matchLabels": {"not a key": "not a value", "": "-"}}}]},
    "itself": {"services": [{"name": "a", "dependsOn": ["a"]}]},
    LONG: {"webhook": {"route": {"type": "Ingress"}}},
}
"""Specs at the bounds of release 0.2.0's schema, and such as make no sense."""
REFUSED = {"outbound", "empty-selector", "labels", "itself"}


@pytest.fixture
def earlier(tmp_path: Path) -> EarlierRelease:
    """Release 0.2.0."""
    return EarlierRelease.unpack(tmp_path / "earlier")


@pytest.fixture
def cluster_of_before(earlier: EarlierRelease, tmp_path: Path) -> Iterator[LocalKube]:
    """An API server with the earlier release's CRDs."""
    with LocalKube(tmp_path / "cluster", crds=earlier.crds) as cluster:
        yield cluster


def is_written(team: Team, name: str) -> bool:
    return bool(team.condition(name))


def all_written(team: Team) -> None:
    for name in ODD:
        eventually(f"the status of {name[:20]}", lambda name=name: is_written(team, name))  # type: ignore[misc]


def change_all(team: Team, text: str) -> None:
    """Change each spec in what concerns nothing odd, so that a status is due."""
    patch = json.dumps([{"op": "add", "path": "/spec/displayName", "value": text}])
    for name in ODD:
        team.kubectl("patch", "pdi", name, "--type=json", "-p", patch)


@pytest.mark.timeout(300)
def test_the_oddest_specs_have_their_status_written_after_an_upgrade_and_after_a_rollback(
    cluster_of_before: LocalKube, earlier: EarlierRelease, tmp_path: Path
) -> None:
    cluster = cluster_of_before
    with running(cluster, tmp_path) as operator, temporary_namespace(cluster, "team") as namespace:
        switch(operator, earlier.tree)
        team = Team(cluster, operator.namespace, namespace)
        for name, changes in ODD.items():
            team.apply(name, **changes)
        all_written(team)
        urls = {name: team.secret(name).get("url") for name in ODD}
        assert {team.id(name) for name in ODD} == {""}, "the earlier release is at work"

        switch(operator, REPOSITORY)
        change_all(team, "before the CRD")
        all_written(team)
        cluster.install_crds(*CRDS)
        change_all(team, "changed")
        all_written(team)
        assert {name for name in ODD if "PartWithoutEffect" in str(team.condition(name))} == REFUSED
        assert {name: team.secret(name).get("url") for name in ODD} == urls
        assert {name: team.id(name) for name in ODD} == {name: team.uid(name) for name in ODD}
        assert team.existing_ingress(team.id(LONG))["metadata"]["name"] == f"noctuary-{team.uid(LONG)}"
        accepted_anew(team)

        cluster.install_crds(*earlier.crds)
        switch(operator, earlier.tree)
        change_all(team, "again")
        all_written(team)
        assert {name: team.secret(name).get("url") for name in ODD} == urls


def switch(operator: OperatorProcess, tree: Path) -> None:
    """Go on with the programs of another release."""
    operator.stop()
    operator.tree = tree
    operator.start()


def accepted_anew(team: Team) -> None:
    """Newer API servers overlook a broken rule where the value is unchanged; none does when a resource is created."""
    for name, changes in ODD.items():
        manifest = manifests.integration(f"x{name[1:]}", team.namespace, merged(SPEC, changes))
        team.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(manifest))
