"""A release that is upgraded and killed while webhooks stream in: nothing is lost, nothing is doubled."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hack.chart.paths import CRDS
from testbed.e2e.earlier_image import NAME as NAME_BEFORE
from testbed.e2e.earlier_image import load_earlier_image
from testbed.e2e.kubectl import Kubectl
from testbed.e2e.pagerduty import PagerDuty, running_pagerduty
from testbed.e2e.release import CRD, ChartRelease
from testbed.e2e.stream import drain, stream
from testbed.e2e.team import Team
from testbed.polling import eventually
from testbed.stage.earlier_release import EarlierRelease

Progress = Callable[[str], None]
WEBHOOKS = 2000
KILLED_WEBHOOKS = 150
UPGRADE_WEBHOOKS = 600
NOTES_PATIENCE_S = 240.0


@pytest.fixture
def storm(facts: object, kubectl: Kubectl, release: ChartRelease, namespace: str, tmp_path: Path) -> Iterator[Team]:
    """A team with a PagerDuty of its own, whose clock may be moved and which never asks for patience."""
    with running_pagerduty(kubectl.facts, tmp_path, "--requests-per-minute", "0") as pagerduty:
        team = Team(kubectl, release, pagerduty, namespace)
        team.set_up(["shop"])
        yield team


def all_noted(pagerduty: PagerDuty) -> dict[str, int]:
    """Wait until each incident has a note, and return the simulator's counts."""
    return eventually(
        "a note in every incident",
        lambda: dict(pagerduty.control.get("summary")),
        lambda counts: counts["incidents_without_note"] == 0,
        timeout_s=NOTES_PATIENCE_S,
    )


def uids(release: ChartRelease) -> set[str]:
    return {release.pod(component)["metadata"]["uid"] for component in ("operator", "receiver")}


def in_store(team: Team) -> tuple[int, int]:
    """Count the stored webhooks of a team's integration, and the different events among them."""
    ((rows, events),) = team.release.ask_store(
        f"SELECT count(*), count(DISTINCT event_id) FROM inbox WHERE integration_id = '{team.id()}'"  # noqa: S608 - a UUID
    )
    return rows, events


@pytest.mark.timeout(600)
def test_a_rolling_upgrade_under_two_thousand_webhooks_loses_and_doubles_nothing(
    storm: Team, progress: Progress
) -> None:
    release, before = storm.release, uids(storm.release)
    annotations = {"podAnnotations": {"example.com/restarted": "yes"}}
    with ThreadPoolExecutor(1) as pool:
        upgrade = pool.submit(release.upgrade, operator=annotations, receiver=annotations)
        sent = stream(storm.pagerduty, "shop", WEBHOOKS, upgrade, progress)
        upgrade.result()
    assert not uids(release) & before, "both pods are new"
    ledger = drain(storm.pagerduty)
    progress(f"{sent} webhooks, {ledger['retries']} of them sent again while the receiver was away")
    assert (ledger["accepted"], ledger["lost"], ledger["duplicates"]) == (sent, 0, 0)
    assert ledger["retries"] > 0, "the stream met the upgrade"
    counts = all_noted(storm.pagerduty)
    assert (counts["incidents_with_several_notes"], counts["violations"]) == (0, 0)
    assert eventually("the answer is right", lambda: in_store(storm), lambda counted: counted[1] >= sent) == (
        sent,
        sent,
    )


@pytest.fixture
def storm_before(
    kubectl: Kubectl, installed: ChartRelease, namespace: str, tmp_path: Path, progress: Progress
) -> Iterator[Team]:
    """A team of release 0.2.0, of which chart, CRD and image are as they were."""
    if not kubectl.facts.kind:
        pytest.skip("the image of release 0.2.0 is loaded by kind")
    earlier, began = EarlierRelease.unpack(tmp_path / "earlier"), time.monotonic()
    image = load_earlier_image(kubectl.facts, earlier.tree)
    progress(f"The image of release 0.2.0 was built and loaded in {time.monotonic() - began:.0f} s")
    installed.clear()
    installed.install_previous(earlier.chart, image)
    with running_pagerduty(kubectl.facts, tmp_path, "--requests-per-minute", "0") as pagerduty:
        team = Team(kubectl, installed, pagerduty, namespace)
        team.set_up(["shop"])
        yield team
    installed.clear()


def images(release: ChartRelease) -> set[str]:
    return {release.pod(each)["spec"]["containers"][0]["image"].rpartition("/")[2] for each in ("operator", "receiver")}


def served_versions(kubectl: Kubectl) -> Any:
    return json.loads(kubectl("get", "crd", CRD, "--output=json"))["spec"]["versions"]


def shipped_versions(kubectl: Kubectl) -> Any:
    """Return what the API server would make of the CRD of this tree."""
    options = ["--server-side", "--force-conflicts", "--dry-run=server", "--output=json"]
    return json.loads(kubectl("apply", *options, "--filename", str(CRDS / f"{CRD}.yaml")))["spec"]["versions"]


def make_older(kubectl: Kubectl) -> None:
    """Take something of the CRD away, as if a version before had not had it: that of 0.2.0 is the present one."""
    patch = [{"op": "remove", "path": "/spec/versions/0/additionalPrinterColumns"}]
    kubectl("patch", "crd", CRD, "--type=json", f"--patch={json.dumps(patch)}")


@pytest.mark.timeout(600)
def test_release_0_2_0_is_upgraded_with_its_own_pods_chart_and_crd_under_webhooks(
    storm_before: Team, progress: Progress
) -> None:
    team, release = storm_before, storm_before.release
    before, version = team.webhook_secret(), release.ask_store("PRAGMA user_version")
    assert images(release) == {NAME_BEFORE}
    make_older(team.kubectl)
    assert served_versions(team.kubectl) != shipped_versions(team.kubectl)
    with ThreadPoolExecutor(1) as pool:
        team.pagerduty.note(team.pagerduty.trigger("shop", "shop: before the upgrade"))
        upgrade = pool.submit(release.upgrade_from_previous)
        sent = stream(team.pagerduty, "shop", UPGRADE_WEBHOOKS, upgrade, progress)
        upgrade.result()
    ledger = drain(team.pagerduty)
    progress(f"{sent} webhooks, {ledger['retries']} of them sent again; Helm took {release.seconds['upgrade']:.0f} s")
    assert images(release) == {team.kubectl.facts.image.rpartition("/")[2]}
    assert (ledger["accepted"], ledger["lost"]) == (sent + 1, 0)
    assert ledger["retries"] > 0, "the stream met the upgrade"
    counts = all_noted(team.pagerduty)
    assert (counts["incidents_with_several_notes"], counts["violations"]) == (0, 0)
    assert team.webhook_secret() == before | {"integrationID": team.id()}
    assert served_versions(team.kubectl) == shipped_versions(team.kubectl)
    assert release.ask_store("PRAGMA user_version") > version
    team.wait_ready()


@pytest.mark.timeout(600)
def test_pods_that_are_killed_under_a_stream_lose_and_double_nothing(storm: Team, progress: Progress) -> None:
    release, before = storm.release, uids(storm.release)

    def kill_both() -> None:
        for component in ("receiver", "operator"):
            release.kill(component)
        release.wait_until_rolled_out()

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill_both)
        sent = stream(storm.pagerduty, "shop", KILLED_WEBHOOKS, killing, progress)
        killing.result()
    assert not uids(release) & before
    ledger = drain(storm.pagerduty)
    assert (ledger["accepted"], ledger["lost"]) == (sent, 0)
    assert all_noted(storm.pagerduty)["incidents_with_several_notes"] == 0
    assert eventually("the answer is right", lambda: in_store(storm), lambda counted: counted[1] >= sent) == (
        sent,
        sent,
    )
    storm.wait_ready()
